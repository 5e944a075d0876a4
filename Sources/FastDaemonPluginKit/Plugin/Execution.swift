import CFastDaemonPlugin

/// Where the host runs a command.
public struct Execution: Sendable, Hashable {
    let code: UInt32
    let inputCode: UInt32

    private init(_ code: Int, input: Int = FASTDAEMON_INPUT_WHOLE) {
        self.code = UInt32(code)
        inputCode = UInt32(input)
    }

    var isInline: Bool { code == UInt32(FASTDAEMON_INLINE) }

    /// When the host calls an inline command.
    public enum InlineInput: Sendable {
        /// Once all of its input is there.
        case whole

        /// At once: what has not come yet is not there yet.
        case asItComes
    }

    /// On a thread of the host's pool, where it may block. What most commands want.
    public static let concurrent = Execution(FASTDAEMON_CONCURRENT)

    /// In a worker process that loads the same library, where it may block, and may crash.
    public static let process = Execution(FASTDAEMON_PROCESS)

    /// On the host's I/O loop itself, once all of the input is there: the fastest, for handlers that never block or
    /// wait.
    public static let inline = inline(input: .whole)

    /// On the host's I/O loop itself: the fastest, for handlers that never block or wait.
    public static func inline(input: InlineInput) -> Execution {
        Execution(FASTDAEMON_INLINE, input: input == .whole ? FASTDAEMON_INPUT_WHOLE : FASTDAEMON_INPUT_AS_IT_COMES)
    }
}
