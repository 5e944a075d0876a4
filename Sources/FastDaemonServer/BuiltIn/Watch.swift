import CLinux

/// Tells something again and again: on a terminal in the same place, elsewhere one below the other with an empty line between.
struct Watch: Sendable {
    /// From one to the next, in seconds.
    let interval: Double
    let text: @Sendable () -> String

    /// - Returns: the exit status, when nobody wants more.
    func run(_ output: BuiltInOutput) async -> Int32 {
        let step = UInt64(interval * 1e9)
        var next = clinux_now()
        var isFirst = true
        while output.isWanted {
            let now = clinux_now()
            if now < next {
                await output.wait(nanoseconds: next - now)
                continue
            }
            let text = text()
            if let terminal = output.terminal {
                await output.write(Array(Self.painted(text, columns: terminal.columns, rows: terminal.rows).utf8))
            } else {
                await output.write(Array((isFirst ? text : "\n" + text).utf8))
            }
            isFirst = false
            // A client that was slow does not get all at once what it missed.
            next = max(next + step, now)
        }
        return output.endStatus
    }

    /// The text in the upper left corner, and nothing else on the screen. What does not fit is left out. (The sequences are
    /// those of ECMA-48: go home, erase to the end of the line, erase to the end of the screen.)
    ///
    /// - Parameters:
    ///   - columns: how wide the screen is; 0 where it is not known.
    ///   - rows: how high, likewise.
    static func painted(_ text: String, columns: Int, rows: Int) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let shown = lines.prefix(rows > 1 ? rows - 1 : lines.count).map { columns > 0 ? $0.prefix(columns) : $0 }
        return "\u{1B}[H" + shown.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}
