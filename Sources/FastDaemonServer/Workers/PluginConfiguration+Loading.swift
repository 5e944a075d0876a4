import FastDaemonHost

extension PluginConfiguration {
    /// How many of its calls run at once: where workers serve them, as many as there are workers, unless it says more.
    func callsAtOnce(_ limits: Limits) -> Int {
        concurrency ?? (execution == .process ? workers : limits.commandsPerPlugin)
    }

    /// How many calls at once a plugin says that it can bear: in each process that it is loaded in.
    func bearable(by plugin: Plugin) -> Int {
        guard let own = plugin.ownConcurrency else { return .max }
        return execution == .process ? own.multipliedReportingOverflow(by: workers).partialValue : own
    }

    /// How many calls at once its workers have descriptors for, where all its calls run there.
    func room(in workers: WorkerSettings) -> Int {
        execution == .process ? workers.processes * workers.callsEach : .max
    }

    /// Loads the plugin: where all its commands are to run in worker processes, there alone; otherwise here, and in workers
    /// besides where one of the commands asks for them. Holds the calling thread until a worker has answered.
    ///
    /// - Parameter settings: of the workers.
    func load(
        _ image: LibraryImage, _ settings: WorkerSettings, services: HostServices
    ) throws(PluginError) -> Plugin {
        if execution == .process { return try Plugin(inWorkers: settings, image, services: services) }
        let plugin = try Plugin(image, name: name, options: options, services: services)
        guard wantsWorkers(for: plugin) else { return plugin }
        do {
            try plugin.startWorkers(settings, image)
        } catch {
            plugin.destroy()
            throw error
        }
        return plugin
    }

    /// Loads the plugin in a process that ends again, to see that it comes up and finds itself well: one that crashes or hangs while
    /// it is loaded must not do so in a daemon that serves others. Holds the calling thread until that has answered.
    func tryOut(_ image: LibraryImage, _ settings: WorkerSettings, services: HostServices) throws(PluginError) {
        var settings = settings
        settings.processes = 1
        // It will not be a worker, so a worker's limits do not hold for it.
        (settings.setup.common.memoryBytes, settings.setup.common.descriptors) = (.max, .max)
        try Plugin(inWorkers: settings, image, services: services).destroy()
    }

    /// Whether a plugin has all that this says about workers, or can take it up.
    func agrees(with plugin: Plugin, _ settings: WorkerSettings) -> Bool {
        if plugin.isLoadedHere != (execution != .process) { return false }
        guard wantsWorkers(for: plugin) else { return plugin.workerSettings == nil }
        return plugin.workerSettings?.canTakeUp(settings) == true
    }

    private func wantsWorkers(for plugin: Plugin) -> Bool {
        execution == .process || execution == nil && plugin.commands.contains { $0.execution == .process }
    }

    /// How its worker processes are to be, if it has any.
    func workerSettings(of image: LibraryImage, _ configuration: Configuration) -> WorkerSettings {
        let limits = configuration.limits
        let calls = (max(1, concurrency ?? workers) + workers - 1) / workers
        let common = WorkerSetup.Common(
            memoryBytes: limits.workerMemoryBytes, descriptors: limits.workerDescriptors,
            recordBytes: limits.recordBytes, replyBytes: limits.replyBytes, bufferBytes: limits.bufferBytes,
            logLevel: configuration.log.level, logsJSON: configuration.log.format == .json)
        let setup = WorkerSetup(image: image, name: name, options: options, calls: calls, common: common)
        return WorkerSettings(
            processes: workers, callsPerWorker: callsPerWorker, idleMemoryBytes: limits.workerIdleMemoryBytes,
            setup: setup)
    }
}
