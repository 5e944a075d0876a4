import Foundation
import TestSupport
import Testing

@Suite("fastdaemon_plugin.h(3)")
struct ManPageTests {
    @Test(
        "shows a handler that compiles with the command below it",
        .enabled(if: Compiler.c != nil, "cc is not installed"))
    func example() throws {
        let page = try String(contentsOfFile: Compiler.headerFolder + "/../fastdaemon_plugin.h.3", encoding: .utf8)
        let examples = page.components(separatedBy: "\n.EX\n").dropFirst().map { part in
            part.components(separatedBy: "\n.EE\n")[0].replacing("\\-", with: "-")
        }
        #expect(examples[1] == "cc -O2 -shared -fPIC -o libupper.so upper.c")

        let folder = try TemporaryFolder()
        let source = folder.path + "/upper.c"
        try examples[0].write(toFile: source, atomically: false, encoding: .utf8)
        let output = try #require(Compiler.c).run([
            "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-I", Compiler.headerFolder, "-o",
            folder.path + "/libupper.so", source,
        ])
        #expect(output == "")
    }
}
