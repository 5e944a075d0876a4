import Foundation
import TestSupport
import Testing

/// A package of a user's that depends on a version of this one, as the README says that it can.
@Suite("A dependency by version") struct PackageTests {
    @Test(
        "a package takes this one by a git address and a version",
        .enabled(if: isInstalled("git"), "git is not installed"))
    func versionedDependency() throws {
        let readme = try Readme()
        #expect(readme.text.contains(#".package(url: "...", from: "0.1.0")"#))
        let clone = try Clone(of: readme)
        try clone.write("hello/Package.swift", "hello/Sources/Hello/Hello.swift")
        let manifest = clone.surroundings.file("hello/Package.swift")
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        let byVersion = text.replacing(
            #".package(path: "../fastdaemon")"#, with: #".package(url: "file://\#(clone.path)", from: "0.1.0")"#)
        #expect(byVersion != text)
        try byVersion.write(toFile: manifest, atomically: false, encoding: .utf8)

        let script = """
            set -e
            git init -q .
            git add Package.swift Sources Plugins Tests
            git -c user.name=somebody -c user.email=somebody@example.org commit -qm 'Version 0.1.0'
            git tag 0.1.0
            cd ../hello
            swift build
            """
        let result = try run(
            "/usr/bin/env", ["-C", clone.path, "bash", "-c", script], environment: userEnvironment, seconds: 900)
        #expect(result.status == .exited(0), "\(result.outputText)\(result.errorText)")
        #expect(FileManager.default.fileExists(atPath: clone.surroundings.file("hello/.build/debug/libHello.so")))
    }
}
