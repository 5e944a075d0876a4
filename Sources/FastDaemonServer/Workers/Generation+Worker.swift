import FastDaemonHost

extension Generation {
    /// What a worker serves: the commands of one plugin, under the plugin's own names, where the plugin wants them to run. What
    /// asks for a process of its own has this one.
    convenience init(of plugin: Plugin, _ image: LibraryImage, _ configuration: Configuration, _ host: PluginHost) {
        // How many there are at once is for the daemon to decide.
        let gate = host.admission.addGate(limit: .max, waitingLimit: 0, countsGlobally: false)
        let entry = PluginConfiguration(keyPath: "", library: "")
        let hosted = HostedPlugin(plugin, image, entry, generation: 1, gate: gate, destruction: host.destruction)
        let routes = plugin.commands.map { command in
            Route(
                command: command, of: hosted,
                execution: command.execution == .process ? .concurrent : command.execution,
                timeoutSeconds: nil, statistics: host.statistics[command.name])
        }
        self.init(number: 1, configuration, plugins: [hosted], routing: RoutingTable(routes))
    }
}
