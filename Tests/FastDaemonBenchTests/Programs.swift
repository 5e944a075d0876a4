import Foundation

/// A program could not be run; in words.
struct ProgramError: Error {
    let reason: String
}

/// A program that has been started. Without `finish`, it is killed with this value.
final class RunningProgram {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    init(_ path: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, output, errors)
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Waits for the first line of its standard output.
    func firstLine() -> String {
        var line: [UInt8] = []
        while let byte = output.fileHandleForReading.readData(ofLength: 1).first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    /// Waits until it has ended by itself.
    func finish() -> Outcome {
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: printed, as: UTF8.self),
            errors: String(decoding: complained, as: UTF8.self))
    }
}

/// A folder of its own, removed with this value.
final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/fastdaemon-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ProgramError(reason: "cannot make a scratch folder") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

enum Programs {
    /// The load generator stands beside the tests' own binary.
    static let bench: String = {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count)
        let folder = URL(fileURLWithPath: String(decoding: path[..<count], as: UTF8.self)).deletingLastPathComponent()
        return folder.appendingPathComponent("fastdaemon_bench").path
    }()

    /// Builds the C echo of `Tests/Benchmarks` into `folder`.
    static func buildEcho(in folder: ScratchFolder) throws -> String {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Benchmarks/echo_epoll.c").path
        let compiler = try RunningProgram("/usr/bin/env", ["cc", "-O1", "-o", "\(folder.path)/echo_epoll", source])
        let outcome = compiler.finish()
        guard outcome.status == 0 else { throw ProgramError(reason: outcome.errors) }
        return "\(folder.path)/echo_epoll"
    }
}
