import FoundationEssentials
import Testing

@Suite("The tutorial's article")
struct ArticleTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    private static let catalogue = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/FastDaemonPipeline/Documentation.docc")

    /// The blocks of Swift code in an article, without their fences.
    private func code(in article: String) throws -> [String] {
        let text = try String(contentsOf: Self.catalogue.appending(path: article), encoding: .utf8)
        return text.split(separator: "```swift\n").dropFirst().compactMap { $0.split(separator: "```").first }
            .map(String.init)
    }

    @Test("Every piece of code in the article stands in the tests that run it")
    func codeIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.tests.path())
        let tested = try files.filter { $0.hasPrefix("AiterTutorial") }
            .map { try String(contentsOf: Self.tests.appending(path: $0), encoding: .utf8) }
        let pieces = try code(in: "AiterTutorial.md")
        #expect(pieces.count >= 6)
        for piece in pieces {
            #expect(tested.contains { $0.contains(piece) }, "not in any test:\n\(piece)")
        }
    }
}
