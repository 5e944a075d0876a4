import CLinux

/// A file descriptor that closes itself when its owner lets go of it.
public struct Descriptor: ~Copyable, Sendable {
    /// The number that system calls take. Valid as long as this value lives.
    public let number: Int32

    /// Takes over an open descriptor: nobody else may close it.
    public init(owning number: Int32) {
        precondition(number >= 0)
        self.number = number
    }

    deinit {
        clinux_close(number)
    }
}
