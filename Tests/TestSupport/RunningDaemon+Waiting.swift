import Foundation

/// Waiting for what the daemon comes to.
extension RunningDaemon {
    /// Waits until something holds that nothing tells of. Fails, and says what, where it does not come to that.
    ///
    /// - Parameter seconds: Bounds a test that would hang; never waited out by one that passes.
    public func wait(until what: String, seconds: Double = 60, _ holds: () throws -> Bool) throws {
        let watch = Stopwatch()
        while try !holds() {
            guard watch.seconds < seconds else {
                throw TestFailure("not within \(seconds) s: \(what)\n\(log.suffix(20).joined(separator: "\n"))")
            }
            usleep(1000)
        }
    }

    /// Waits for a line of the log that has this text.
    public func waitForLog(_ text: String) throws {
        guard waitForLine(where: { $0.contains(text) }) != nil else {
            throw TestFailure("the log does not say \(text.debugDescription): \(log.joined(separator: "\n"))")
        }
    }

    /// What came of a reload.
    public struct Reload {
        /// The lines of the log that tell of it.
        public let lines: [String]

        /// Whether what has changed was taken up; otherwise what was served is served on.
        public let isTakenUp: Bool
    }

    private static func isOutcome(_ line: String) -> Bool {
        line.contains(" notice: reloaded ") || line.contains(" error: not reloaded")
    }

    /// Sends SIGHUP, and waits for what comes of it.
    @discardableResult
    public func reload() throws -> Reload {
        let before = log
        send(SIGHUP)
        let outcome = try waitForReload(after: before.count(where: Self.isOutcome))
        return Reload(lines: Array(log[before.count...]), isTakenUp: outcome.contains(" notice: reloaded "))
    }

    /// Writes another config, and has it taken up.
    @discardableResult
    public func reload(_ configuration: DaemonConfiguration) throws -> Reload {
        try folder.write(configuration.text)
        return try reload()
    }

    /// Waits for the end of a reload that was not asked for, and returns the line that tells of it.
    ///
    /// - Parameter count: How many there have been.
    @discardableResult
    public func waitForReload(after count: Int = 0) throws -> String {
        var seen = 0
        let outcome = waitForLine { line in
            if Self.isOutcome(line) { seen += 1 }
            return seen > count
        }
        guard let outcome else { throw TestFailure("no word of a reload: \(log.suffix(20).joined(separator: "\n"))") }
        return outcome
    }
}
