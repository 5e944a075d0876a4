import Glibc

/// A system call that failed: what was being done, to what, and why.
public struct IOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was being done, as in "cannot `listen on`".
    public let operation: String

    /// To what: an address, a path.
    public let subject: String

    /// The `errno` of the call that failed, or 0 where the reason is not the kernel's.
    public let code: Int32

    /// Why, in words.
    public let reason: String

    /// An error of the kernel's.
    public init(_ operation: String, _ subject: String, code: Int32) {
        self.operation = operation
        self.subject = subject
        self.code = code
        reason = String(cString: strerror(code))
    }

    /// An error that the kernel has no number for.
    public init(_ operation: String, _ subject: String, because reason: String) {
        self.operation = operation
        self.subject = subject
        code = 0
        self.reason = reason
    }

    /// In words, for people.
    public var description: String {
        "cannot \(operation) \(subject): \(reason)"
    }
}

/// Turns a result of the shims in `CLinux`, the negated errno for a failed call, into a value or a thrown error.
public func check<Result: SignedInteger>(
    _ result: Result, _ operation: @autoclosure () -> String, _ subject: @autoclosure () -> String
) throws(IOError) -> Result {
    if result < 0 { throw IOError(operation(), subject(), code: Int32(-result)) }
    return result
}
