import CLinux
import FastDaemonHost

/// A generation in the making: loads what a config lists, takes over from the generation before what has not changed, and
/// collects what is wrong.
struct GenerationDraft: Sendable {
    /// What is wrong, a line each. One bad library never keeps the others from serving.
    private(set) var problems: [String] = []

    /// What is other than in the generation before, a line each.
    private(set) var changes: [String] = []

    let number: Int
    let configuration: Configuration
    private let host: PluginHost
    private let previous: Generation?
    private var plugins: [(hosted: HostedPlugin, limit: Int, workers: WorkerSettings)] = []
    private var routes: [Route]

    /// Loads all plugins that the config lists. It blocks.
    init(_ configuration: Configuration, after previous: Generation? = nil, host: PluginHost) {
        number = (previous?.number ?? 0) + 1
        self.configuration = configuration
        self.host = host
        self.previous = previous
        routes = BuiltInCommand.allCases.map { Route(builtIn: $0, statistics: host.statistics[$0.rawValue]) }
        // Before plugins are loaded, which takes some.
        clinux_raise_descriptor_limit(UInt64(configuration.descriptors))
        do {
            if !configuration.plugins.isEmpty {
                let reader = LibraryReader(
                    configuration.plugins.map(\.library), in: try PluginFolder(at: configuration.pluginDirectory),
                    digests: host.crashNotes != nil)
                for entry in configuration.plugins { load(entry, from: reader) }
            }
        } catch {
            problems.append("\(configuration.file): pluginDirectory: \(error)")
        }
        noteRemovals()
    }

    /// The generation, to be served from now on.
    func finished() -> Generation {
        for (hosted, limit, workers) in plugins {
            host.destruction.noteServed(hosted.number)
            hosted.plugin.workers?.takeUp(workers)
            let usesPool = routes.contains { $0.gate === hosted.gate && $0.execution == .concurrent }
            hosted.gate.setLimits(
                limit: limit, waitingLimit: configuration.limits.waitingPerPlugin, countsGlobally: usesPool)
        }
        return Generation(
            number: number, configuration, plugins: plugins.map(\.hosted), routing: RoutingTable(routes))
    }

    // MARK: - Plugins

    private mutating func load(_ entry: PluginConfiguration, from reader: LibraryReader) {
        do {
            let image = try reader.next()
            let entry = confined(entry, image)
            let workers = entry.workerSettings(of: image, configuration)
            let hosted = try unchanged(entry, image, workers) ?? loaded(entry, image, workers)
            let plugin = hosted.plugin
            if let other = plugins.first(where: { $0.hosted.plugin.name == plugin.name })?.hosted.plugin {
                problems.append(
                    "\(entry.keyPath): \(plugin.libraryPath) is called \"\(plugin.name)\", as \(other.libraryPath) is; give one "
                        + "of them a \"name\" of its own")
                return
            }
            let asked = min(entry.callsAtOnce(configuration.limits), entry.bearable(by: plugin))
            let room = entry.room(in: workers)
            if room < asked {
                host.log.write(
                    .warning,
                    "\(entry.keyPath).concurrency: a worker process has descriptors for \(workers.callsEach) calls at once "
                        + "(limits.workerDescriptors), so \(room) run, not \(asked)")
            }
            plugins.append((hosted, min(asked, room), workers))
            for (name, command) in served(by: plugin, entry) { add(name, command, of: hosted, entry) }
        } catch {
            problems.append("\(entry.keyPath): \(error)")
        }
    }

    /// An entry whose plugin ended the daemon when it last ran in it has it run in worker processes.
    private func confined(_ entry: PluginConfiguration, _ image: LibraryImage) -> PluginConfiguration {
        guard entry.execution != .process, let notes = host.crashNotes, let blame = notes.blame(for: image) else {
            return entry
        }
        var confined = entry
        confined.execution = .process
        confined.confinement =
            "\(blame.description); it runs in worker processes until its library changes, or \(notes.file) is removed"
        return confined
    }

    /// The plugin of the generation before, where loading it again would make no difference.
    private func unchanged(
        _ entry: PluginConfiguration, _ image: LibraryImage, _ workers: WorkerSettings
    ) -> HostedPlugin? {
        previous?.plugins.first { candidate in
            candidate.isSame(as: entry, image, workers) && !plugins.contains { $0.hosted === candidate }
        }
    }

    private mutating func loaded(
        _ entry: PluginConfiguration, _ image: LibraryImage, _ workers: WorkerSettings
    ) throws(PluginError) -> HostedPlugin {
        let step = LongSteps.Step(kind: .loading, plugin: entry.name ?? entry.library) {
            "\(entry.keyPath): a function of \(image.path) has not returned, and what is listed after it waits"
        }
        return try host.steps.run(step) { () throws(PluginError) in try load(entry, image, workers) }
    }

    private mutating func load(
        _ entry: PluginConfiguration, _ image: LibraryImage, _ workers: WorkerSettings
    ) throws(PluginError) -> HostedPlugin {
        if previous != nil, entry.execution != .process {
            try entry.tryOut(image, workers, services: host.services)
        }
        let plugin = try entry.load(image, workers, services: host.services)
        let gate = host.admission.addGate(limit: 1, waitingLimit: 0, countsGlobally: false)
        // Whatever comes of it, it is destroyed with this.
        let hosted = HostedPlugin(
            plugin, image, entry, generation: number, gate: gate, destruction: host.destruction)
        if let confinement = entry.confinement {
            host.log.write(.warning, "\(entry.keyPath): \(plugin.libraryPath): \(confinement)")
        }
        if let previous {
            // Before it takes over from one that works.
            try plugin.testItself()
            let isKnown = previous.plugins.contains { $0.plugin.name == plugin.name }
            changes.append("\(plugin.name) \(plugin.version) \(isKnown ? "was loaded anew" : "is new")")
        }
        return hosted
    }

    private mutating func noteRemovals() {
        for old in previous?.plugins ?? [] where !plugins.contains(where: { $0.hosted.plugin.name == old.plugin.name })
        {
            changes.append("\(old.plugin.name) is not served any more")
        }
    }

    // MARK: - Commands

    /// The commands of a plugin that the config wants, and under which names.
    private mutating func served(by plugin: Plugin, _ entry: PluginConfiguration) -> [(String, PluginCommand)] {
        guard let wanted = entry.commands else { return plugin.commands.map { ($0.name, $0) } }
        return wanted.sorted { $0.key < $1.key }.compactMap { name, own in
            if let command = plugin.commands.first(where: { $0.name == own }) { return (name, command) }
            let near = NearNames.question(NearNames.near(own, among: plugin.commands.map(\.name)))
            problems.append("\(entry.keyPath).commands.\(name): \(plugin.name) has no command \"\(own)\"\(near)")
            return nil
        }
    }

    private mutating func add(
        _ name: String, _ command: PluginCommand, of hosted: HostedPlugin, _ entry: PluginConfiguration
    ) {
        let execution = entry.execution ?? command.execution
        let longest = configuration.limits.commandNameBytes
        func refuse(_ text: String) { problems.append("\(entry.keyPath): \(command.plugin.libraryPath): \(text)") }
        if name.utf8.count > longest {
            return refuse(
                "the name of its command \"\(name)\" is longer than \(longest) bytes (limits.commandNameBytes)")
        }
        // Names are bytes: two spellings of one letter are two names, which String's == would take for one.
        if let other = routes.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            guard let taken = other.command else {
                return refuse("its command \"\(name)\" is one of the daemon's own; rename it with \"commands\"")
            }
            return refuse(
                "its command \"\(name)\" is served by \(taken.plugin.libraryPath) already; rename one of them with "
                    + "\"commands\"")
        }
        routes.append(
            Route(
                command: command, of: hosted, execution: execution, timeoutSeconds: entry.timeoutSeconds,
                statistics: host.statistics[name]))
    }
}
