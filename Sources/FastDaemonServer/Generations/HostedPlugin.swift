import FastDaemonHost
import Synchronization

/// A plugin as the daemon serves it. It is carried over from one generation to the next while nothing about it changes.
///
/// Whoever may still call it holds it: the generations that serve it, the calls that go on. When the last of them has let go,
/// the plugin is destroyed.
final class HostedPlugin: Sendable {
    let plugin: Plugin

    /// The library that it was loaded from.
    let image: LibraryImage

    /// The number of the generation that it was loaded for, and when that was.
    let generation: Int
    let since = Timestamp.now()

    /// No other has had it.
    let number = HostedPlugin.lastNumber.add(1, ordering: .relaxed).newValue
    private static let lastNumber = Atomic(0)

    /// Where its calls come in.
    let gate: Gate

    /// Why it runs in worker processes although its entry does not say so.
    let confinement: String?

    /// What its entry of the config said of it.
    private let requestedName: String?
    private let options: String
    private let destruction: PluginDestruction

    init(
        _ plugin: Plugin, _ image: LibraryImage, _ entry: PluginConfiguration, generation: Int, gate: Gate,
        destruction: PluginDestruction
    ) {
        self.plugin = plugin
        self.image = image
        requestedName = entry.name
        options = entry.options
        confinement = entry.confinement
        self.generation = generation
        self.gate = gate
        self.destruction = destruction
        destruction.expect(self)
    }

    deinit {
        destruction.begin(plugin, number: number)
    }

    /// Whether loading this entry of a config would give the same plugin again.
    func isSame(as entry: PluginConfiguration, _ image: LibraryImage, _ workers: WorkerSettings) -> Bool {
        plugin.libraryPath == image.path && options == entry.options && self.image.hasSameBytes(as: image)
            && requestedName == entry.name && entry.agrees(with: plugin, workers)
    }
}
