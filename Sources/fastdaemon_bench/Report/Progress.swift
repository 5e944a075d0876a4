import Glibc

/// A live line on standard error, on a terminal only.
struct Progress {
    private let isShown: Bool
    private var lastReplies = 0
    private var lastSeconds = 0.0

    init(isShown: Bool) {
        self.isShown = isShown && Output.isErrorTerminal
    }

    mutating func show(_ tally: Tally, isCounting: Bool, seconds: Double) {
        guard isShown else { return }
        guard isCounting else { return write("warming up") }
        guard seconds >= lastSeconds + 0.4 else { return }
        let rate = seconds > lastSeconds ? Double(tally.replies - lastReplies) / (seconds - lastSeconds) : 0
        (lastReplies, lastSeconds) = (tally.replies, seconds)
        let failed = tally.failed > 0 ? ", \(grouped(tally.failed)) failed" : ""
        let p99 = duration(tally.latencies.percentile(99))
        write("\(fixed(seconds, digits: 1)) s, \(grouped(Int(rate))) requests/s, p99 \(p99)\(failed)")
    }

    /// Takes the line away again.
    func clear() {
        if isShown { write("") }
    }

    private func write(_ text: String) {
        Output.write("\r\u{1B}[K\(text)", to: STDERR_FILENO)
    }
}
