import Dispatch
import FastDaemonHost
import FastDaemonSystem
import Synchronization

/// Destroys plugins that nobody can call any more, one after the other, on a thread that serves nobody and ends with the last of
/// them.
final class PluginDestruction: Sendable {
    private struct State {
        var waiting: [Plugin] = []
        var isRunning = false
        /// How many there are that have not been destroyed, whether somebody can call them or not.
        var plugins = 0
        /// Who is told when there are none.
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let steps: LongSteps
    private let startsThread: ThreadStarter
    private let retry: ThreadRetry?

    /// - Parameters:
    ///   - steps: is told of each while it lasts.
    ///   - retry: has a thread that was not to be had asked for again; nil where the thread that lets go of a plugin
    ///     serves nobody either, and destroys it itself then.
    init(steps: LongSteps, retry: ThreadRetry?, start: @escaping ThreadStarter = startThread) {
        self.steps = steps
        self.retry = retry
        startsThread = start
    }

    /// There is one plugin more that is to be destroyed some day.
    func expect() {
        state.withLock { $0.plugins += 1 }
    }

    /// Frees what a plugin made that was expected, soon. It returns at once: whoever lets go of a plugin last may be a loop, and what the plugin
    /// handed to the pool, which is waited for, may wait for that loop.
    func begin(_ plugin: Plugin) {
        let isFirst = state.withLock { state in
            state.waiting.append(plugin)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { start(failures: 0) }
    }

    private func start(failures: Int) {
        do {
            try startsThread("destroy", "the thread that destroys plugins", run)
        } catch {
            guard let retry else { return run() }
            retry(error, failures) { self.start(failures: failures + 1) }
        }
    }

    /// Holds the calling thread until all that were expected are destroyed.
    func wait() {
        let ended = DispatchSemaphore(value: 0)
        tell { ended.signal() }
        ended.wait()
    }

    /// Waits until all that were expected are destroyed.
    func finish() async {
        await withCheckedContinuation { continuation in tell { continuation.resume() } }
    }

    private func tell(_ listener: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.plugins > 0 { state.listeners.append(listener) }
            return state.plugins == 0
        }
        if isOver { listener() }
    }

    private func run() {
        while let plugin = next() {
            let step = LongSteps.Step(kind: .destroying, plugin: plugin.name) { plugin.obstacle }
            steps.run(step) { plugin.destroy() }
            noteEnd()
        }
    }

    /// The names of those that wait for the one that is being destroyed.
    var waiting: [String] { state.withLock { $0.waiting.map(\.name) } }

    /// Takes the plugin that has waited for longest; nil where there is none.
    private func next() -> Plugin? {
        state.withLock { state in
            state.isRunning = !state.waiting.isEmpty
            return state.isRunning ? state.waiting.removeFirst() : nil
        }
    }

    private func noteEnd() {
        let listeners = state.withLock { state -> [@Sendable () -> Void] in
            state.plugins -= 1
            if state.plugins > 0 { return [] }
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener() }
    }
}
