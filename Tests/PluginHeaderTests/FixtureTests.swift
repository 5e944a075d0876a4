import TestSupport
import Testing

@Suite("The fixture plugins")
struct FixtureTests {
    @Test(
        "compile without a warning", .enabled(if: Compiler.c != nil, "cc is not installed"),
        arguments: FixturePlugin.all)
    func compile(fixture: FixturePlugin) throws {
        let folder = try TemporaryFolder()
        let library = try fixture.build(in: folder.path, with: #require(Compiler.c))
        #expect(library.hasSuffix("/lib\(fixture.name).so"))
    }
}
