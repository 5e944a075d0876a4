/// What a client wants to have run.
public struct RawRequest: Sendable {
    /// The command's words, the first is its name.
    public var words: [[UInt8]]
    /// `NAME=VALUE` strings.
    public var environment: [String]?
    /// The working directory.
    public var directory: String?
    /// TERMINALS.
    public var terminals: Frame?
    /// TIMEOUT.
    public var timeout: Frame?
    /// How many bytes of output the client takes at first.
    public var window: UInt32 = 262_144

    /// A request of words alone.
    public init(_ words: String...) {
        self.words = words.map { Array($0.utf8) }
    }

    /// A request of words of any bytes.
    public init(words: [[UInt8]]) {
        self.words = words
    }

    /// The same with a member set: `.with(\.window, 10)`.
    public func with<Value>(_ member: WritableKeyPath<Self, Value>, _ value: Value) -> Self {
        var copy = self
        copy[keyPath: member] = value
        return copy
    }

    /// HELLO to RUN.
    public var bytes: [UInt8] {
        var frames = [Frame.clientHello(window: window), .strings(0x01, words)]
        if let environment { frames.append(.strings(0x02, environment.map { Array($0.utf8) })) }
        if let directory { frames.append(.directory(directory)) }
        frames += [terminals, timeout].compactMap { $0 }
        return (frames + [.run]).flatMap(\.bytes)
    }
}
