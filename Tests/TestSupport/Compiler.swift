import Foundation

/// A C or C++ compiler of this machine.
public struct Compiler: Sendable {
    private let name: String

    /// `cc`, or nil where there is none.
    public static let c = Compiler(named: "cc")

    /// `c++`, or nil where there is none.
    public static let cPlusPlus = Compiler(named: "c++")

    /// The folder of `fastdaemon_plugin.h`.
    public static let headerFolder = repository + "/Sources/CFastDaemonPlugin/include"

    /// The folder of `Package.swift`.
    static let repository = URL(filePath: #filePath).appending(path: "../../..").standardized.path(
        percentEncoded: false)

    private init?(named name: String) {
        guard isInstalled(name) else { return nil }
        self.name = name
    }

    /// Runs the compiler and returns what it said.
    ///
    /// - Throws: `CompilerError` where it did not end with status 0.
    @discardableResult
    public func run(_ arguments: [String]) throws -> String {
        let result = try TestSupport.run("/usr/bin/env", [name] + arguments)
        guard result.status == .exited(0) else {
            throw CompilerError(command: [name] + arguments, output: result.errorText)
        }
        return result.outputText + result.errorText
    }
}

/// A compiler that refused its source.
public struct CompilerError: Error, CustomStringConvertible {
    let command: [String]
    let output: String

    /// The command and what it said.
    public var description: String { "\(command.joined(separator: " ")):\n\(output)" }
}
