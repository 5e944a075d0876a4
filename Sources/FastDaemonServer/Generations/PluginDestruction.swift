import Dispatch
import FastDaemonHost
import FastDaemonSystem
import Synchronization

/// Destroys plugins that nobody can call any more, one after the other, on a thread that serves nobody and ends with the last of
/// them.
final class PluginDestruction: Sendable {
    private struct Expected {
        weak var hosted: HostedPlugin?
        let name: String
        var wasServed = false
        var hasBegun = false
    }

    private struct State {
        var waiting: [(plugin: Plugin, number: Int)] = []
        var isRunning = false

        /// Those that have not been destroyed, whether somebody can call them or not, by their numbers.
        var expected: [Int: Expected] = [:]

        /// Whether those that were loaded and never served are not waited for.
        var forgetsUnserved = false

        /// Who is told when there are none.
        var listeners: [@Sendable () -> Void] = []

        var isOver: Bool {
            expected.isEmpty || forgetsUnserved && !expected.values.contains { $0.wasServed || $0.hasBegun }
        }

        mutating func begin(_ plugin: Plugin, _ number: Int) -> Bool {
            // Once, also where whoever held it lets go of it later.
            if expected[number]?.hasBegun != false { return false }
            expected[number]!.hasBegun = true
            waiting.append((plugin, number))
            defer { isRunning = true }
            return !isRunning
        }
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
    func expect(_ hosted: HostedPlugin) {
        state.withLock { $0.expected[hosted.number] = Expected(hosted: hosted, name: hosted.plugin.name) }
    }

    /// Callers can reach the plugin with this number from now on.
    func noteServed(_ number: Int) {
        state.withLock { $0.expected[number]?.wasServed = true }
    }

    /// Frees what a plugin made that was expected, soon. It returns at once: whoever lets go of a plugin last may be a loop, and
    /// what the plugin handed to the pool, which is waited for, may wait for that loop.
    func begin(_ plugin: Plugin, number: Int) {
        if state.withLock({ $0.begin(plugin, number) }) { start(failures: 0) }
    }

    /// Begins with all that were served, whoever still holds them, and expects no end of those that were not. No call is
    /// running, and none may follow.
    func beginServed() {
        // Let go of here, not under the lock, which their end takes.
        let served = state.withLock { state in
            state.forgetsUnserved = true
            return state.expected.values.filter(\.wasServed).compactMap(\.hosted)
        }
        for hosted in served { begin(hosted.plugin, number: hosted.number) }
        tellIfOver()
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
            if !state.isOver { state.listeners.append(listener) }
            return state.isOver
        }
        if isOver { listener() }
    }

    private func run() {
        while let (plugin, number) = next() {
            let step = LongSteps.Step(kind: .destroying, plugin: plugin.name) { plugin.obstacle }
            steps.run(step) { plugin.destroy() }
            state.withLock { $0.expected[number] = nil }
            tellIfOver()
        }
    }

    /// The names of those that wait for the one that is being destroyed.
    var waiting: [String] { state.withLock { $0.waiting.map(\.plugin.name) } }

    /// Those whose end has not begun, because somebody holds them.
    var held: [(name: String, wasServed: Bool)] {
        let held = state.withLock { state in state.expected.filter { !$0.value.hasBegun } }
        return held.sorted { $0.key < $1.key }.map { ($0.value.name, $0.value.wasServed) }
    }

    /// Takes the plugin that has waited for longest; nil where there is none.
    private func next() -> (plugin: Plugin, number: Int)? {
        state.withLock { state in
            state.isRunning = !state.waiting.isEmpty
            return state.isRunning ? state.waiting.removeFirst() : nil
        }
    }

    private func tellIfOver() {
        let listeners = state.withLock { state -> [@Sendable () -> Void] in
            if !state.isOver { return [] }
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener() }
    }
}
