import CFastDaemonPlugin

/// One of the caller's three standard streams.
public enum StandardStream: UInt32, Sendable, CaseIterable {
    case input = 0
    case output = 1
    case error = 2
}

/// The terminal that one of the caller's streams is.
public struct Terminal: Sendable, Hashable {
    /// Its width in characters; nil where it is not known.
    public let columns: Int?

    /// Its height in lines; nil where it is not known.
    public let rows: Int?

    init?(of stream: StandardStream, in raw: UnsafeCall) {
        var answer = fastdaemon_terminal()
        answer.size = MemoryLayout<fastdaemon_terminal>.size
        guard raw.host.pointee.terminal(raw.call, stream.rawValue, &answer) == 0, answer.is_terminal != 0 else {
            return nil
        }
        columns = answer.columns == 0 ? nil : Int(answer.columns)
        rows = answer.rows == 0 ? nil : Int(answer.rows)
    }
}
