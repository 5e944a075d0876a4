import FastDaemonIO
import Synchronization

/// Whether every event loop has answered since the last time that was said. Pure: it is told of what happens.
struct Watchdog {
    private let loopCount: Int
    private var unanswered = 0

    init(loopCount: Int) {
        self.loopCount = loopCount
    }

    /// It is time to say that the daemon lives.
    ///
    /// - Returns: whether each loop is to be asked now; not while one has not answered yet.
    mutating func tick() -> Bool {
        if unanswered > 0 { return false }
        unanswered = loopCount
        return true
    }

    /// A loop has answered.
    ///
    /// - Returns: whether it was the last.
    mutating func answer() -> Bool {
        unanswered -= 1
        return unanswered == 0
    }

    /// How long the service manager waits for a sign of life before it ends the daemon, in nanoseconds: as
    /// sd_watchdog_enabled(3) reads the two variables.
    ///
    /// - Parameters:
    ///   - microseconds: `$WATCHDOG_USEC`
    ///   - process: `$WATCHDOG_PID`, for whom it is meant
    ///   - own: this process
    static func interval(microseconds: String?, process: String?, own: Int32) -> UInt64? {
        if let process, Int32(process) != own { return nil }
        guard let number = microseconds.flatMap({ UInt64($0) }), number > 0, number < UInt64.max / 1000 else {
            return nil
        }
        return number * 1000
    }
}

extension Service {
    /// Says twice in the watchdog's time that the daemon lives, for as long as every loop answers. Where the first loop itself
    /// is stuck, this does not even begin to ask. Returns at once where nobody wants to know.
    func watch(over loops: [EventLoop], status: @escaping @Sendable () -> String) async {
        guard let interval = manager.watchdog else { return }
        let answers = Answers(loopCount: loops.count)
        // Its predecessor has just said so, and the manager may not know this process yet.
        if isSuccessor { await loops[0].sleep(nanoseconds: interval / 2) }
        while !Task.isCancelled {
            if answers.watchdog.withLock({ $0.tick() }) {
                for loop in loops {
                    loop.execute {
                        if answers.watchdog.withLock({ $0.answer() }) { self.manager.tell(.alive(status: status())) }
                    }
                }
            }
            await loops[0].sleep(nanoseconds: interval / 2)
        }
    }

    /// Held by what loops that are stuck may run late.
    private final class Answers: Sendable {
        let watchdog: Mutex<Watchdog>

        init(loopCount: Int) {
            watchdog = Mutex(Watchdog(loopCount: loopCount))
        }
    }
}
