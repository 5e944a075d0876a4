/// How a command ended: 0 for success, up to 255. A handler that throws one ends with it, and says nothing more:
/// `throw ExitStatus(1)`.
public struct ExitStatus: RawRepresentable, Error, Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// The number that the caller's shell sees.
    public let rawValue: UInt8

    /// A status by its number.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A status by its number.
    @inlinable
    public init(_ number: UInt8) {
        rawValue = number
    }

    /// A status as a number in the source.
    @inlinable
    public init(integerLiteral value: UInt8) {
        rawValue = value
    }

    /// The command did what it was asked: 0.
    @inlinable
    public static var success: ExitStatus { 0 }

    /// The command could not: 1.
    @inlinable
    public static var failure: ExitStatus { 1 }

    /// The command's own words are off: 2, as with most of the shell's tools.
    @inlinable
    public static var usage: ExitStatus { 2 }

    /// What a shell says of a program that a signal ended: 128 and the signal's number.
    public static func signal(_ number: Int32) -> ExitStatus {
        ExitStatus(rawValue: UInt8(clamping: 128 + number))
    }

    @inlinable
    var code: Int32 { Int32(rawValue) }
}

/// An error that ends a command with a message on standard error and a status of one's own. Any other error that a
/// handler throws ends it with its description and status 1.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// The exit status.
    public let status: ExitStatus

    /// What is written to standard error, after the command's name; nothing where it is empty.
    public let message: String

    /// A failure with a status and a message.
    public init(status: ExitStatus = .failure, message: String) {
        self.status = status
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
