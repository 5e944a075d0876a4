import Dispatch
import FastDaemonHost
import Synchronization

/// Destroys plugins that nobody can call any more, one after the other, on a thread that serves nobody.
final class PluginDestruction: Sendable {
    private let queue = DispatchQueue(label: "fastdaemon.destruction")

    /// Frees what the plugin made, soon.
    func begin(_ plugin: Plugin) {
        queue.async { plugin.destroy() }
    }

    /// Holds the calling thread until what was begun has ended.
    func wait() {
        queue.sync {}
    }

    /// Waits until what was begun has ended.
    func finish() async {
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }
}
