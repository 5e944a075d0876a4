/// What a decoder found. Ranges are offsets into the bytes that it was given.
public enum SessionEvent: Equatable, Sendable {
    case hello(SessionHello)

    // From clients.

    /// The words, each with a zero byte after it; the first is not empty.
    case arguments(Range<Int>)
    /// `NAME=VALUE` strings, each with a zero byte after it.
    case environment(Range<Int>)
    /// An absolute path.
    case directory(Range<Int>)
    case terminals(SessionTerminals)
    case timeout(milliseconds: UInt32)
    /// The request is whole.
    case run
    /// A piece of standard input, at least one byte, and no more than its frame has.
    case input(Range<Int>)
    case endOfInput
    case signal(SessionSignal)

    /// The client takes so many more bytes of output.
    case credit(Int)

    // From servers.

    /// A piece of standard output, at least one byte.
    case output(Range<Int>)
    /// A piece of standard error, at least one byte.
    case errors(Range<Int>)
    /// The server takes so many more INPUTs.
    case pull(Int)
    /// The end, and where its text stands.
    case end(SessionEnd, text: Range<Int>)
}

/// One of the two sides of a session.
public enum SessionSide: Sendable {
    case client
    case server
}
