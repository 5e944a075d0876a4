import Foundation

/// How a program ended.
public enum ProgramStatus: Equatable, Sendable {
    /// It exited with this status.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)
}

/// What a program left behind.
public struct ProgramResult: Sendable {
    /// How it ended.
    public let status: ProgramStatus
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error.
    public let errors: [UInt8]

    /// Standard output as text.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Standard error as text.
    public var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// Where a program's standard input comes from.
public enum ProgramInput: Sendable {
    /// These bytes, through a pipe that is then closed.
    case bytes([UInt8])
    /// The file at this path, opened for reading and writing, so that it may be a terminal.
    case file(String)
    /// Standard input is closed.
    case closed
}

/// Runs a program to its end and keeps what it wrote.
///
/// - Parameters:
///   - closing: Numbers of output streams (1, 2) that are closed in the program.
///   - seconds: A program that runs longer is killed, which shows in its status. It bounds a test that would hang, and is
///     never waited out by one that passes.
public func run(
    _ path: String, _ arguments: [String], input: ProgramInput = .bytes([]), closing: Set<Int32> = [],
    environment: [String: String] = ProcessInfo.processInfo.environment, seconds: Double = 60
) throws -> ProgramResult {
    let program = try RunningProgram(
        path, arguments, input: input, closing: closing, environment: environment)
    return try program.wait(seconds: seconds)
}
