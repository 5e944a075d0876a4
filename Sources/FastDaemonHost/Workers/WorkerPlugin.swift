import FastDaemonSystem

/// How the worker processes of a plugin are to be.
public struct WorkerSettings: Equatable, Sendable {
    /// How many there are, and after how many calls each is replaced; 0 for never.
    public var processes, callsPerWorker: Int

    /// With how many bytes resident after a call a worker is replaced.
    public var idleMemoryBytes: Int

    /// What is in the workers.
    public var setup: WorkerSetup

    /// All of it.
    public init(
        processes: Int, callsPerWorker: Int, idleMemoryBytes: Int, setup: WorkerSetup
    ) {
        self.processes = processes
        self.callsPerWorker = callsPerWorker
        self.idleMemoryBytes = idleMemoryBytes
        self.setup = setup
    }

    /// Whether a plugin that has these needs not be loaded anew to have those: what is different is the same for all plugins, and
    /// its pool can take it up.
    public func canTakeUp(_ others: WorkerSettings) -> Bool {
        var own = self
        own.idleMemoryBytes = others.idleMemoryBytes
        own.setup.common = others.setup.common
        return own == others
    }

    /// How many calls at once each of them is given: one by default, so that its crash costs one, and no more than it has descriptors
    /// for.
    public var callsEach: Int { min(Int(setup.calls), setup.common.mostCalls) }

    var machine: WorkerPool.Machine.Settings {
        WorkerPool.Machine.Settings(
            processes: processes, callsAtOnce: callsEach, callsPerWorker: callsPerWorker,
            idleMemoryBytes: UInt64(idleMemoryBytes))
    }
}

extension Plugin {
    /// Loads a plugin in worker processes, and never here. Holds the calling thread until the first of them has answered, a few
    /// seconds at most.
    ///
    /// - Parameter image: what the workers load, now and whenever one is replaced.
    public convenience init(
        inWorkers settings: WorkerSettings, _ image: LibraryImage, services: HostServices
    ) throws(PluginError) {
        let pool = try WorkerPool(settings, image, name: settings.setup.name, services)
        self.init(try pool.start(), at: image.path, workers: pool, services: services)
        pool.setName(name)
        workerSettings = settings
    }

    /// Starts worker processes beside what was loaded here, for those of the commands that ask for them. Holds the calling
    /// thread likewise.
    public func startWorkers(_ settings: WorkerSettings, _ image: LibraryImage) throws(PluginError) {
        let pool = try WorkerPool(settings, image, name: name, services)
        _ = try pool.start()
        workers = pool
        workerSettings = settings
    }
}

extension WorkerPool {
    fileprivate convenience init(
        _ settings: WorkerSettings, _ image: LibraryImage, name: String?, _ services: HostServices
    ) throws(PluginError) {
        do {
            try self.init(
                settings.machine, image: image, setup: settings.setup, name: name ?? image.path, log: services.log)
        } catch {
            throw PluginError(image.path, .cannotStartWorker(error))
        }
    }
}
