/// What came of the counted requests.
struct Tally: Sendable {
    /// The ways to lose a request, or to get an answer that says no.
    enum Failure: String, CaseIterable, Sendable {
        /// No connection could be made for it.
        case connect
        /// The connection broke with an error.
        case reset
        /// The connection ended before the reply did.
        case short
        /// What came back is not the protocol.
        case malformed
        /// No reply within the time limit.
        case unanswered
        /// A whole reply that is only an error text.
        case refused
    }

    /// Latencies of all replies, also of those that are error texts, in nanoseconds.
    var latencies = Histogram()
    /// When the last of them came.
    var lastReply: UInt64 = 0
    private(set) var failures = [Int](repeating: 0, count: Failure.allCases.count)
    /// Why the first request failed of those that failed in the same way, in words.
    private var reasons = [String?](repeating: nil, count: Failure.allCases.count)
    var bytesSent = 0
    var bytesReceived = 0

    /// Whole replies, those that are error texts among them.
    var replies: Int { Int(latencies.count) }
    var failed: Int { failures.reduce(0, +) }
    /// Requests answered or lost.
    var finished: Int { replies + failed - self[.refused] }
    var isAllFailed: Bool { failed > 0 && replies == self[.refused] }

    subscript(failure: Failure) -> Int {
        failures[Self.position(of: failure)]
    }

    /// Why the first of those that failed in this way did, in words; nil where none did.
    func firstReason(for failure: Failure) -> String? {
        reasons[Self.position(of: failure)]
    }

    /// Counts `requests` as failed; `reason` is asked for only where it is the first of its kind.
    mutating func count(_ failure: Failure, requests: Int = 1, reason: () -> String) {
        guard requests > 0 else { return }
        let position = Self.position(of: failure)
        failures[position] += requests
        if reasons[position] == nil {
            reasons[position] = reason()
        }
    }

    private static func position(of failure: Failure) -> Int {
        switch failure {
        case .connect: 0
        case .reset: 1
        case .short: 2
        case .malformed: 3
        case .unanswered: 4
        case .refused: 5
        }
    }
}
