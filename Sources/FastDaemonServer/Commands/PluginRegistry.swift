import FastDaemonHost

/// The plugins of a config, loaded, and the routes to their commands.
struct PluginRegistry: Sendable {
    private(set) var plugins: [Plugin] = []
    private(set) var routing = RoutingTable([])
    private let statistics: StatisticsTable

    /// Where the calls of each plugin come in, in the order of `plugins`.
    private(set) var gates: [Gate] = []

    /// What is wrong, a line each. One bad library never keeps the others from serving.
    private(set) var problems: [String] = []

    private let admission: Admission

    /// Loads all plugins that the config lists.
    ///
    /// - Parameter statistics: where those of the commands are, and stay when this is replaced by another.
    init(_ configuration: Configuration, services: HostServices, admission: Admission, statistics: StatisticsTable) {
        self.admission = admission
        self.statistics = statistics
        var routes = BuiltInCommand.allCases.map { Route(builtIn: $0, statistics: statistics[$0.rawValue]) }
        do {
            if !configuration.plugins.isEmpty {
                let folder = try PluginFolder(at: configuration.pluginDirectory)
                for entry in configuration.plugins { load(entry, folder, configuration.limits, services, &routes) }
            }
        } catch {
            problems.append("\(configuration.file): pluginDirectory: \(error)")
        }
        routing = RoutingTable(routes)
    }

    private mutating func load(
        _ entry: PluginConfiguration, _ folder: borrowing PluginFolder, _ limits: Limits, _ services: HostServices,
        _ routes: inout [Route]
    ) {
        do {
            let plugin = try Plugin(
                LibraryImage(entry.library, in: folder), name: entry.name, options: entry.options, services: services)
            if let other = plugins.first(where: { $0.name == plugin.name }) {
                plugin.destroy()
                problems.append(
                    "\(entry.keyPath): \(plugin.libraryPath) is called \"\(plugin.name)\", as \(other.libraryPath) is; give one "
                        + "of them a \"name\" of its own")
                return
            }
            plugins.append(plugin)
            let most = min(entry.concurrency ?? limits.commandsPerPlugin, plugin.ownConcurrency ?? .max)
            let gate = admission.addGate(limit: most, waitingLimit: limits.waitingPerPlugin)
            gates.append(gate)
            for (name, command) in served(by: plugin, entry) { add(name, command, entry, limits, gate, &routes) }
        } catch {
            problems.append("\(entry.keyPath): \(error)")
        }
    }

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
        _ name: String, _ command: PluginCommand, _ entry: PluginConfiguration, _ limits: Limits, _ gate: Gate,
        _ routes: inout [Route]
    ) {
        let execution = entry.execution ?? command.execution
        func refuse(_ text: String) { problems.append("\(entry.keyPath): \(command.plugin.libraryPath): \(text)") }
        if name.utf8.count > limits.commandNameBytes {
            return refuse(
                "the name of its command \"\(name)\" is longer than \(limits.commandNameBytes) bytes (limits.commandNameBytes)"
            )
        }
        if execution == .process {
            return refuse(
                "its command \"\(name)\" asks for a worker process, which this version of the daemon does not have; "
                    + "\"execution\": \"concurrent\" runs it in the daemon")
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
                command: command, execution: execution, gate: gate, timeoutSeconds: entry.timeoutSeconds,
                statistics: statistics[name]))
    }
}
