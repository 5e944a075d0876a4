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
        /// Who is told when nothing is left to do.
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Frees what the plugin made, soon.
    func begin(_ plugin: Plugin) {
        let isFirst = state.withLock { state in
            state.waiting.append(plugin)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { return }
        // Where there are no threads to be had, rather late than never.
        do { try startThread("destroy", run) } catch { run() }
    }

    /// Holds the calling thread until what was begun has ended.
    func wait() {
        let ended = DispatchSemaphore(value: 0)
        tell { ended.signal() }
        ended.wait()
    }

    /// Waits until what was begun has ended.
    func finish() async {
        await withCheckedContinuation { continuation in tell { continuation.resume() } }
    }

    private func tell(_ listener: @escaping @Sendable () -> Void) {
        let isRunning = state.withLock { state in
            if state.isRunning { state.listeners.append(listener) }
            return state.isRunning
        }
        if !isRunning { listener() }
    }

    private func run() {
        while let plugin = next() { plugin.destroy() }
    }

    /// Takes the plugin that has waited for longest; nil, and everybody is told, where there is none.
    private func next() -> Plugin? {
        let (plugin, listeners) = state.withLock { state -> (Plugin?, [@Sendable () -> Void]) in
            if !state.waiting.isEmpty { return (state.waiting.removeFirst(), []) }
            defer { state.listeners = [] }
            state.isRunning = false
            return (nil, state.listeners)
        }
        for listener in listeners { listener() }
        return plugin
    }
}
