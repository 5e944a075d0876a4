import Foundation
import TestSupport
import Testing

/// A clone of this repository in a folder of its own, as a user has one, built already: with what the tests were built with.
final class Clone {
    /// The folder that the clone stands in, and what else a user puts beside it.
    let surroundings: TemporaryFolder

    /// The clone.
    let path: String

    /// Where the daemon says that it listens.
    private(set) var addresses: [String] = []

    private let readme: Readme
    private var daemon: (make: RunningProgram, process: pid_t)?

    init(of readme: Readme) throws {
        self.readme = readme
        surroundings = try TemporaryFolder()
        path = surroundings.file("fastdaemon")
        let files = FileManager.default
        try files.createDirectory(atPath: path + "/.build", withIntermediateDirectories: true)
        for name in try files.contentsOfDirectory(atPath: repository.path) where !name.hasPrefix(".") {
            try files.copyItem(atPath: repository.appending(path: name).path, toPath: "\(path)/\(name)")
        }
        try? files.removeItem(atPath: path + "/config/plugins")
        try files.createSymbolicLink(atPath: path + "/.build/release", withDestinationPath: productsFolder.path)
        // Somebody on this machine may listen on the port of the shipped config.
        try edit("config/fastdaemon.json") { $0.replacing("127.0.0.1:9998", with: "127.0.0.1:0") }
    }

    deinit {
        if let daemon { kill(daemon.process, SIGKILL) }
    }

    /// Changes a file of the clone.
    func edit(_ name: String, _ change: (String) -> String) throws {
        let file = "\(path)/\(name)"
        try change(try String(contentsOfFile: file, encoding: .utf8)).write(
            toFile: file, atomically: false, encoding: .utf8)
    }

    /// Writes the files that the README shows beside the clone.
    func write(_ names: String...) throws {
        for name in names {
            let file = URL(filePath: surroundings.file(name))
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try readme.block("file=\(name)").text.write(to: file, atomically: false, encoding: .utf8)
        }
    }

    /// Puts a line that the README shows into one of the config's lists, such as `plugins`.
    func insert(_ line: String, into key: String) throws {
        try edit("config/fastdaemon.json") { $0.replacing("\"\(key)\": [\n", with: "\"\(key)\": [\n\(line)\n") }
    }

    /// Checks a session of the README, typed in the clone.
    func check(_ session: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try Session(readme.block("session=\(session)")).check(in: path, sourceLocation: sourceLocation)
    }

    /// Starts the daemon as the README says, and returns once it is ready.
    func startDaemon() throws {
        // What `make run` would build first is built already.
        let make = try RunningProgram(
            "/usr/bin/env", ["-C", path, "make", "run"],
            environment: userEnvironment.merging(["SWIFT": "true"]) { $1 })
        var line = 0
        addresses = []
        while let text = make.nextErrorLine(after: line) {
            line += 1
            if let address = text.firstMatch(of: /notice: listening address="(.*)"/) {
                addresses.append(String(address.1))
            }
            if let ready = text.firstMatch(of: /notice: ready .*process=(\d+)/), let process = pid_t(ready.1) {
                daemon = (make, process)
                return
            }
        }
        let result = try make.wait()
        throw DidNotStart(description: "make run ended: \(result.outputText)\(result.errorText)")
    }

    struct DidNotStart: Error, CustomStringConvertible {
        let description: String
    }

    /// Stops it; what `make run` printed until then.
    func stopDaemon() throws -> ProgramResult {
        let daemon = try #require(daemon)
        self.daemon = nil
        kill(daemon.process, SIGTERM)
        return try daemon.make.wait()
    }
}
