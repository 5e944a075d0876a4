import Foundation
import TestSupport

/// The folder of the benchmarks, in the package.
let benchmarksFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Benchmarks").path

/// Runs the load generator to its end.
func runBench(_ arguments: [String]) throws -> ProgramResult {
    try run(builtProgram("fastdaemon_bench"), arguments)
}

/// The C echo of the benchmarks, built for a test and listening until this value is gone.
final class EchoServer {
    /// The path of its Unix socket.
    let socket: String
    private let folder: TemporaryFolder
    private let program: RunningProgram

    init() throws {
        folder = try TemporaryFolder()
        socket = folder.file("echo.sock")
        let compiled = try run(
            "/usr/bin/env", ["cc", "-O1", "-o", folder.file("echo_epoll"), benchmarksFolder + "/echo_epoll.c"])
        guard compiled.status == .exited(0) else { throw EchoError(reason: compiled.errorText) }
        program = try RunningProgram(folder.file("echo_epoll"), [socket])
        guard program.nextErrorLine() == "listening" else {
            throw EchoError(reason: "the C echo does not listen at \(socket)")
        }
    }

    deinit {
        program.send(SIGKILL)
        _ = try? program.wait()
    }
}

/// The C echo could not be built or started; in words.
struct EchoError: Error {
    let reason: String
}
