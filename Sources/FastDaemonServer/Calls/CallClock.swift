/// How long a call may wait for its turn, and how long it may then run. Pure; times are in nanoseconds of the monotonic clock.
///
/// Two limits hold: the caller's own, which begins with its request, and the plugin's, which bounds the wait and the run each.
/// A call that had to wait has its full time to run all the same: a busy hour must not have handlers stopped half way that
/// would have been in time on a quiet one.
struct CallClock: Equatable, Sendable {
    /// Whose limit was passed.
    enum Limit: Equatable, Sendable {
        case callers(UInt64)
        case plugins(UInt64)
    }

    /// What is to be done with a call that ran out of time.
    enum Action: Equatable {
        /// Nothing yet.
        case nothing

        /// It still waits, and is not to be run.
        case drop

        /// It is told to stop, and has a moment to do so.
        case cancel

        /// Its caller gets an answer, whether it goes on or not.
        case giveUp
    }

    private enum Phase: Equatable {
        case waiting
        case running(since: UInt64)
        case stopping(until: UInt64)
        case over
    }

    /// When its request was there.
    let received: UInt64

    /// How long the caller waits in all, and how long the plugin's calls may wait, and may run; 0 for no limit.
    private let callersLimit: UInt64
    private let pluginsLimit: UInt64

    private var phase = Phase.waiting

    /// The limit that was passed; nil where none was.
    private(set) var passed: Passed?

    /// How a call ran out of time.
    struct Passed: Equatable, Sendable {
        let limit: Limit
        let hadBegun: Bool
    }

    /// How long a call that was told to stop has to do so before its caller gets an answer. What a caller asks for with a limit
    /// of its own is the time after which the command is to stop, so it hears the command's last words; the plugin's limit
    /// says when the caller is to have an answer.
    private static func grace(_ limit: Limit) -> UInt64 {
        if case .callers = limit { return 250_000_000 }
        return 10_000_000
    }

    init(received: UInt64, callersLimit: UInt64 = 0, pluginsLimit: UInt64 = 0) {
        self.received = received
        self.callersLimit = callersLimit
        self.pluginsLimit = pluginsLimit
    }

    /// Its turn has come.
    mutating func begin(at now: UInt64) {
        if phase == .waiting { phase = .running(since: now) }
    }

    /// It has ended, or its caller has got an answer.
    mutating func end() {
        phase = .over
    }

    /// When `expire` has something to do; nil for never.
    var deadline: UInt64? {
        if case .stopping(let until) = phase { return until }
        return earliest?.time
    }

    /// Looks at the clock.
    mutating func expire(at now: UInt64) -> Action {
        guard let deadline, deadline <= now else { return .nothing }
        if case .stopping = phase {
            phase = .over
            return .giveUp
        }
        let limit = earliest!.limit
        passed = Passed(limit: limit, hadBegun: phase != .waiting)
        if phase == .waiting {
            phase = .over
            return .drop
        }
        phase = .stopping(until: now + Self.grace(limit))
        return .cancel
    }

    private var earliest: (time: UInt64, limit: Limit)? {
        let start: UInt64
        switch phase {
        case .waiting: start = received
        case .running(let since): start = since
        case .stopping, .over: return nil
        }
        let callers = Self.sum(received, callersLimit)
        let plugins = Self.sum(start, pluginsLimit)
        if callersLimit > 0, pluginsLimit == 0 || callers <= plugins { return (callers, .callers(callersLimit)) }
        return pluginsLimit > 0 ? (plugins, .plugins(pluginsLimit)) : nil
    }

    private static func sum(_ time: UInt64, _ length: UInt64) -> UInt64 {
        let (sum, isOver) = time.addingReportingOverflow(length)
        return isOver ? .max : sum
    }

    /// What the caller of a call is told that passed its limit.
    func explanation(_ command: String) -> String {
        guard let passed else { return "" }
        switch (passed.limit, passed.hadBegun) {
        case (.callers(let limit), true): return "\(command): it ran past the caller's limit of \(Self.text(limit)) s"
        case (.plugins(let limit), true):
            return "\(command): it ran past its limit of \(Self.text(limit)) s (plugins[].timeoutSeconds)"
        case (.callers(let limit), false):
            return
                "\(command): its turn did not come within the caller's limit of \(Self.text(limit)) s; it was not run"
        case (.plugins(let limit), false):
            return "\(command): it waited \(Self.text(limit)) s for its turn, which is as long as it may "
                + "(plugins[].timeoutSeconds); it was not run"
        }
    }

    /// Seconds as people write them.
    private static func text(_ nanoseconds: UInt64) -> String {
        let seconds = Double(nanoseconds) / 1e9
        return seconds == seconds.rounded() ? "\(UInt64(seconds))" : "\(seconds)"
    }
}
