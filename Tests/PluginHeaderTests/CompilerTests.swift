import Foundation
import TestSupport
import Testing

@Suite("The header compiles alone")
struct CompilerTests {
    @Test(
        "as C, without a warning", .enabled(if: Compiler.c != nil, "cc is not installed"),
        arguments: ["c99", "c11", "c17"])
    func c(standard: String) throws {
        try compile("header.c", with: #require(Compiler.c), standard)
    }

    @Test(
        "as C++, without a warning", .enabled(if: Compiler.cPlusPlus != nil, "c++ is not installed"),
        arguments: ["c++17"])
    func cPlusPlus(standard: String) throws {
        try compile("header.cc", with: #require(Compiler.cPlusPlus), standard)
    }

    private func compile(_ name: String, with compiler: Compiler, _ standard: String) throws {
        let folder = try TemporaryFolder()
        let source = folder.path + "/" + name
        try "#include \"fastdaemon_plugin.h\"\n".write(toFile: source, atomically: false, encoding: .utf8)
        let output = try compiler.run([
            "-std=\(standard)", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", Compiler.headerFolder, "-c", source,
            "-o",
            folder.path + "/header.o",
        ])
        #expect(output == "")
    }
}
