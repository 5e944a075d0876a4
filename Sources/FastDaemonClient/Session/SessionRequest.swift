#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// What a session runs: a command, and what it is told of its caller.
public struct SessionRequest: Sendable {
    /// The words of the command, the first of which names it.
    public var arguments: ByteStrings

    /// `NAME=VALUE` strings; `nil` is none.
    public var environment: ByteStrings?

    /// The absolute path of the directory that the command runs in. It means something over a Unix socket alone, and is not
    /// sent over TCP. Without it the command runs where the daemon was started.
    public var directory: [UInt8]?

    /// Which of the caller's streams are terminals; `nil` is none.
    public var terminals: SessionTerminals?

    /// How long the command may take, in milliseconds; `nil` is without a limit.
    public var timeout: UInt32?

    /// A command with nothing but its words.
    ///
    /// - Precondition: There is a first word, which is not empty.
    public init(_ arguments: ByteStrings) {
        precondition(!arguments.bytes.isEmpty && arguments.bytes[0] != 0, "a command has a name")
        self.arguments = arguments
    }

    /// A command with nothing but its words.
    ///
    /// - Precondition: There is a first word, which is not empty, and no word has a zero byte in it.
    public init(_ words: String...) {
        var arguments = ByteStrings()
        for word in words { arguments.append(word.utf8) }
        self.init(arguments)
    }

    /// The frames from HELLO to RUN.
    func encoded(window: UInt32, withDirectory: Bool) throws(ClientError) -> [UInt8] {
        let environmentCount = environment?.bytes.count ?? 0
        if max(arguments.bytes.count, environmentCount) > SessionFrame.mostDeclarableBytes {
            throw ClientError(.requestTooLarge, "a session's words, or its environment, have at most 16,777,215 bytes")
        }
        let directory = withDirectory ? directory : nil
        if let directory, !(1...SessionFrame.longestDirectory ~= directory.count) {
            throw ClientError(.requestTooLarge, "the path of a session's directory has 1 to 4,095 bytes")
        }
        var frames: [UInt8] = []
        let otherFrames = 64
        frames.reserveCapacity(arguments.bytes.count + environmentCount + (directory?.count ?? 0) + otherFrames)
        SessionEncoder.append(SessionHello(window: window), to: &frames)
        SessionEncoder.append(.arguments, arguments.bytes, to: &frames)
        if let environment {
            SessionEncoder.append(.environment, environment.bytes, to: &frames)
        }
        if let directory {
            SessionEncoder.append(.directory, directory, to: &frames)
        }
        if let terminals {
            SessionEncoder.append(terminals, to: &frames)
        }
        if let timeout, timeout > 0 {
            SessionEncoder.append(timeout: timeout, to: &frames)
        }
        SessionEncoder.appendHeader(.run, count: 0, to: &frames)
        return frames
    }
}

extension SessionEncoder {
    fileprivate static func append(_ type: SessionFrameType, _ payload: [UInt8], to frames: inout [UInt8]) {
        appendHeader(type, count: payload.count, to: &frames)
        frames.append(contentsOf: payload)
    }
}
