import CLinux
import FastDaemonIO
import Synchronization

/// Which plugins are being loaded and destroyed at this moment. A function of theirs may never return: what takes long is told to
/// the log, and whoever loses patience can say with what.
final class LongSteps: Sendable {
    /// One of them.
    struct Step: Sendable {
        enum Kind: String {
            case loading, destroying
        }

        let kind: Kind
        let plugin: String

        /// What is waited for at this moment.
        let obstacle: @Sendable () -> String
    }

    private struct State {
        var last = 0
        var steps: [Int: Step] = [:]

        /// What is done on the loop where a step takes long.
        var timers: [Int: EventLoop.Timer] = [:]
    }

    private let state = Mutex(State())
    private let log: Log
    private let loop: EventLoop?

    /// How long is long, in seconds.
    private static let patience: UInt64 = 3

    /// - Parameter loop: looks after what takes long; nil where nobody does.
    init(log: Log, loop: EventLoop?) {
        self.log = log
        self.loop = loop
    }

    /// What has begun and has not ended, the oldest first.
    var running: [Step] {
        state.withLock { state in state.steps.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// Does one, on the calling thread.
    func run<Result, Failure>(_ step: Step, _ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let number = state.withLock { state in
            state.last += 1
            state.steps[state.last] = step
            return state.last
        }
        tell(if: number, after: Self.patience)
        defer { end(number) }
        return try body()
    }

    private func end(_ number: Int) {
        let timer = state.withLock { state in
            state.steps[number] = nil
            return state.timers.removeValue(forKey: number)
        }
        // An idle daemon is not to be woken for it.
        if let timer { loop?.execute { [loop] in loop?.cancel(timer) } }
    }

    private func tell(if number: Int, after seconds: UInt64) {
        loop?.execute { [self, loop] in
            guard let loop else { return }
            state.withLock { state in
                if state.steps[number] == nil { return }
                state.timers[number] = loop.schedule(at: clinux_now() + seconds * 1_000_000_000) {
                    self.tell(of: number, after: seconds)
                }
            }
        }
    }

    private func tell(of number: Int, after seconds: UInt64) {
        guard let step = state.withLock({ $0.steps[number] }) else { return }
        log.write(
            .warning, "still \(step.kind) after \(seconds) s: \(step.obstacle())", [("plugin", .text(step.plugin))])
    }
}
