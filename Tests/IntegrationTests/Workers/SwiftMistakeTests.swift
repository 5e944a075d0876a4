import Foundation
import TestSupport
import Testing

/// `Tests/FixturePlugins/trapping.swift`, compiled beside the kit that this package was built with.
@Suite(
    "Mistakes of handlers in Swift", .ownThread, .timeLimit(.minutes(5)),
    .enabled(if: isInstalled("swiftc"), "swiftc is not on the path"),
    .enabled(if: !isSanitized, "the kit that was built with the sanitizer needs it in the handler, too"))
struct SwiftMistakeTests {
    #if arch(x86_64)
        private static let (signal, status) = ("SIGILL", UInt8(128) + UInt8(SIGILL))
    #else
        private static let (signal, status) = ("SIGTRAP", UInt8(128) + UInt8(SIGTRAP))
    #endif

    @Test("Each costs its caller the call, and nobody else anything")
    func traps() throws {
        let folder = try DaemonFolder()
        try Self.build(in: folder)
        let entry = #"{ "library": "libtrapping.so", "execution": "process", "workers": 1 }"#
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: ["Echo", entry]), in: folder)
        let other = try daemon.connect()
        for command in ["trap", "trap-async"] {
            for mistake in ["index", "overflow", "nil", "fatal"] {
                let end = try daemon.run(command, mistake).end
                #expect(end.verdict == .crashed && end.status == Self.status, "\(command) \(mistake)")
                #expect(end.text == "trapping: \(command): its worker process was killed by \(Self.signal)")
                #expect(try other.ask("echo on") == Reply("on\n"))
                // An answer of its own, so that it is not quarantined.
                #expect(try other.ask("\(command) none").output.hasPrefix("no mistake"))
            }
        }
        #expect(try daemon.stop().status == .exited(0))
    }

    private static func build(in folder: DaemonFolder) throws {
        let kit = productsFolder.appending(path: "FastDaemonPluginKit.build")
        let header = productsFolder.appending(path: "CFastDaemonPlugin.build/module.modulemap").path
        let objects = try FileManager.default.contentsOfDirectory(atPath: kit.path).filter { $0.hasSuffix(".o") }
        let library = folder.library("libtrapping.so")
        let built = try run(
            "/usr/bin/env",
            [
                "swiftc", "-swift-version", "6", "-parse-as-library", "-emit-library", "-module-name", "Trapping",
                "-I", productsFolder.appending(path: "Modules").path, "-Xcc", "-fmodule-map-file=\(header)", "-o",
                library,
                FixturePlugin.sourceFolder + "/trapping.swift",
            ] + objects.map { kit.appending(path: $0).path }, seconds: 120)
        try #require(built.status == .exited(0), "\(built.errorText)")
        chmod(library, 0o755)
    }
}
