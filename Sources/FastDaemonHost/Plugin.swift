import CFastDaemonPlugin
import CLinux
import FastDaemonSystem
import Synchronization

/// One plugin: a library, created with the options of one entry of the config.
///
/// `@unchecked Sendable`: `state` is the plugin's own, and handed to its functions by the ABI's rules; the rest is constant or
/// guards itself.
public final class Plugin: @unchecked Sendable {
    /// What it is called: in the log, in `daemon plugins`, and where two plugins want one command.
    public let name: String

    /// Its own version, as it says it.
    public let version: String

    /// The path of its library.
    public let libraryPath: String

    /// What it serves.
    public private(set) var commands: [PluginCommand] = []

    /// The most concurrent calls that it says it can bear; nil for no bound of its own.
    public let ownConcurrency: Int?

    let services: HostServices

    /// What was loaded here; nil where worker processes alone load it.
    private let library: PluginLibrary?

    /// The processes that serve its commands of the class `process`; nil where it has none.
    public internal(set) var workers: WorkerPool?

    /// How those were asked for.
    public internal(set) var workerSettings: WorkerSettings?

    /// Whether its code is in this process.
    public var isLoadedHere: Bool { library != nil }

    /// The digest of the code; nil where crashes are not noted.
    fileprivate let crashDigest: String?

    /// What stands for what it does apart from calls where a crash is noted.
    private let startCrashText: UInt32

    private var state: UnsafeMutableRawPointer?
    private let lastError = Mutex<String?>(nil)

    /// Loads a library and creates a plugin out of it.
    ///
    /// - Parameters:
    ///   - name: what it is to be called; nil for the name that it gives itself.
    ///   - options: JSON text, an object.
    public init(
        _ image: LibraryImage, name: String?, options: String, services: HostServices
    ) throws(PluginError) {
        crashDigest = services.notesCrashes ? image.mappedDigest : nil
        self.services = services
        startCrashText = services.crashText(name ?? "", command: "", libraryPath: image.path, digest: crashDigest)
        let before = clinux_enter_plugin(startCrashText)
        defer { clinux_leave_plugin(before) }
        let library = try PluginLibrary(image)
        self.library = library
        let descriptor = library.descriptor.pointee
        libraryPath = library.path
        if let name { self.name = name } else { self.name = try Self.checkedName(descriptor.name, of: library.path) }
        version = Printable.line(String(cString: descriptor.version))
        ownConcurrency = descriptor.concurrency == 0 ? nil : Int(descriptor.concurrency)
        services.noteImage(of: library, plugin: self.name, digest: crashDigest)
        try create(library, options: options)
        do {
            commands = try listCommands(library)
        } catch {
            destroy()
            throw error
        }
    }

    /// A plugin that was loaded in a worker process, and never is here.
    init(_ description: WorkerDescription, at path: String, workers: WorkerPool, services: HostServices) {
        library = nil
        crashDigest = nil
        startCrashText = 0
        self.services = services
        self.workers = workers
        libraryPath = path
        name = description.name
        version = description.version
        ownConcurrency = description.concurrency == 0 ? nil : Int(description.concurrency)
        commands = description.commands.map { PluginCommand($0, of: self) }
    }

    private static func checkedName(_ pointer: UnsafePointer<CChar>, of path: String) throws(PluginError) -> String {
        let name = String(cString: pointer)
        do {
            try NameError.check(name.utf8)
        } catch {
            throw PluginError(path, .badName(Printable.line(name), error))
        }
        return name
    }

    private func create(_ library: PluginLibrary, options: String) throws(PluginError) {
        var text = options
        let status = text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { bytes in
                library.descriptor.pointee.create(
                    library.descriptor, services.table, instance,
                    fastdaemon_bytes(data: bytes.baseAddress, count: bytes.count),
                    &state)
            }
        }
        if status != 0 { throw PluginError(libraryPath, .createFailed(status: status, takeError())) }
    }

    private func listCommands(_ library: PluginLibrary) throws(PluginError) -> [PluginCommand] {
        var list: UnsafePointer<UnsafePointer<fastdaemon_command>?>?
        var count = 0
        let status = library.descriptor.pointee.commands(state, &list, &count)
        if status != 0 { throw PluginError(libraryPath, .commandsFailed(status: status, takeError())) }
        guard let list, count > 0 else { throw PluginError(libraryPath, .noCommands) }
        var commands: [PluginCommand] = []
        for index in 0..<count {
            commands.append(try PluginCommand(list[index], number: index, of: self))
        }
        return commands
    }

    /// Asks the plugin whether it works, as far as it can tell.
    public func testItself() throws(PluginError) {
        // A worker's library was tested by the first worker.
        guard let test = library?.descriptor.pointee.self_test else { return }
        let before = clinux_enter_plugin(startCrashText)
        defer { clinux_leave_plugin(before) }
        let status = test(state)
        if status != 0 { throw PluginError(libraryPath, .selfTestFailed(status: status, takeError())) }
    }

    /// Runs a function of the plugin's once, on a thread of the pool.
    ///
    /// - Parameter crashText: what stands for the plugin where a crash is noted.
    func runOnPool(
        _ work: @escaping ThreadPool.Function, _ user: UnsafeMutableRawPointer?, directory: Int32, crashText: UInt32
    ) {
        let work = PluginWork(plugin: self, function: work, user: user)
        pendingWork.add(1, ordering: .relaxed)
        services.pool.submit(
            { Unmanaged<PluginWork>.fromOpaque($0!).takeRetainedValue().run() },
            Unmanaged.passRetained(work).toOpaque(), directory: directory, crashText: crashText, of: self)
    }

    /// How many of these have not returned.
    fileprivate let pendingWork = Atomic(0)

    /// What its destruction waits for, in words.
    public var obstacle: String {
        if workers?.hasEnded == false { return "its worker processes have not ended" }
        let pending = pendingWork.load(ordering: .acquiring)
        if pending > 0 { return "functions that it handed to the pool have not returned (\(pending))" }
        return "its destroy function has not returned"
    }

    /// Frees what the plugin made. No call of it may be running, and none may follow. The library stays mapped. Its
    /// worker processes are waited for, for some seconds at most.
    public func destroy() {
        workers?.close()
        workers?.waitUntilEnded()
        // Work that it handed to the pool may outlive the call that it was for.
        while pendingWork.load(ordering: .acquiring) > 0 { clinux_sleep(1_000_000) }
        let before = clinux_enter_plugin(startCrashText)
        defer { clinux_leave_plugin(before) }
        library?.descriptor.pointee.destroy?(state)
        state = nil
    }

    /// The pointer that the plugin knows this by.
    var instance: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func from(_ instance: OpaquePointer) -> Plugin {
        Unmanaged<Plugin>.fromOpaque(UnsafeRawPointer(instance)).takeUnretainedValue()
    }

    func setError(_ text: String) {
        lastError.withLock { $0 = Printable.line(text) }
    }

    private func takeError() -> String? {
        lastError.withLock { error in
            defer { error = nil }
            return error
        }
    }
}

/// A function that a plugin handed to the pool. It keeps the plugin from being destroyed until it has returned.
private final class PluginWork {
    let plugin: Plugin
    let function: ThreadPool.Function
    let user: UnsafeMutableRawPointer?

    init(plugin: Plugin, function: @escaping ThreadPool.Function, user: UnsafeMutableRawPointer?) {
        self.plugin = plugin
        self.function = function
        self.user = user
    }

    func run() {
        function(user)
        plugin.pendingWork.subtract(1, ordering: .releasing)
    }
}

/// A command of a plugin, as the plugin described it.
///
/// `@unchecked Sendable`: `run` and `context` are handed out by the plugin to be used from any thread.
public final class PluginCommand: @unchecked Sendable {
    /// Where a command runs.
    public enum Execution: String, Sendable, CaseIterable {
        case inline
        case concurrent
        case process
    }

    /// What the plugin calls it. Served under this name unless the config says otherwise.
    public let name: String

    /// One line, and what `help` shows below it. Empty where the plugin gives none.
    public let summary, usage: String

    /// Where the plugin wants it to run.
    public let execution: Execution

    /// Whether an inline call begins before all of its input is there.
    public let takesInputAsItComes: Bool

    /// The plugin that serves it.
    ///
    /// Not counted, because it is looked at in every call: a plugin outlives its commands, which it holds.
    public unowned(unsafe) let plugin: Plugin

    /// The table that `run` is handed: at hand here, because it is in every call.
    let table: UnsafePointer<fastdaemon_host>

    let run: @convention(c) (UnsafePointer<fastdaemon_host>?, OpaquePointer?, UnsafeMutableRawPointer?) -> Int32
    let context: UnsafeMutableRawPointer?

    /// What stands for it where a crash is noted; 0 where none is.
    let crashText: UInt32

    init(
        _ pointer: UnsafePointer<fastdaemon_command>?, number: Int, of plugin: Plugin
    ) throws(PluginError) {
        func fault(_ text: String) -> PluginError { PluginError(plugin.libraryPath, .badCommand(index: number, text)) }
        guard let pointer else { throw fault("its description is NULL") }
        guard pointer.pointee.size >= MemoryLayout<fastdaemon_command>.size else {
            throw fault(
                "its description is \(pointer.pointee.size) bytes, and \(MemoryLayout<fastdaemon_command>.size) are needed"
            )
        }
        let description = pointer.pointee
        guard let name = description.name else { throw fault("it has no name") }
        self.name = String(cString: name)
        do {
            try NameError.check(self.name.utf8)
        } catch {
            throw fault("\"\(Printable.line(self.name))\": \(error)")
        }
        guard let run = description.run else { throw fault("\(self.name) has no run function") }
        switch Int(description.execution) {
        case FASTDAEMON_CONCURRENT: execution = .concurrent
        case FASTDAEMON_INLINE: execution = .inline
        case FASTDAEMON_PROCESS: execution = .process
        case let other: throw fault("\(self.name) asks for an execution class that does not exist (\(other))")
        }
        switch Int(description.input) {
        case FASTDAEMON_INPUT_WHOLE: takesInputAsItComes = false
        case FASTDAEMON_INPUT_AS_IT_COMES: takesInputAsItComes = true
        case let other: throw fault("\(self.name) asks for a kind of input that does not exist (\(other))")
        }
        summary = description.summary.map { Printable.line(String(cString: $0)) } ?? ""
        usage = description.usage.map { Printable.text(String(cString: $0)) } ?? ""
        self.run = run
        table = plugin.services.table
        context = description.context
        self.plugin = plugin
        crashText = plugin.services.crashText(
            plugin.name, command: self.name, libraryPath: plugin.libraryPath, digest: plugin.crashDigest)
    }

    /// A command that only worker processes can run.
    init(_ description: WorkerDescription.Command, of plugin: Plugin) {
        name = description.name
        summary = description.summary
        usage = description.usage
        execution = description.execution
        takesInputAsItComes = description.takesInputAsItComes
        run = { _, _, _ in 255 }
        table = plugin.services.table
        context = nil
        crashText = 0
        self.plugin = plugin
    }
}
