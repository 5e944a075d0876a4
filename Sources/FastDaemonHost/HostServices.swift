import CFastDaemonPlugin
import FastDaemonSystem

/// Levels of the log, the gravest first. The numbers are the ABI's.
public enum LogLevel: UInt32, Sendable, Comparable, CaseIterable {
    case error, warning, notice, info, debug

    /// Whether a level is graver than another.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where the lines of plugins go.
public protocol PluginLog: Sendable {
    /// Whether a line of this level would be written.
    func writes(_ level: LogLevel) -> Bool

    /// Writes one line. From any thread.
    func write(_ level: LogLevel, _ text: String, plugin: String, call: UInt64?)
}

/// What the host does for plugins: the pool, the log, and the table of C functions by which they ask for it.
public final class HostServices: Sendable {
    /// The threads for handlers that may block.
    public let pool: ThreadPool

    let log: any PluginLog

    /// Whether it is noted whose code runs, so that a crash can be blamed.
    let notesCrashes: Bool

    /// What plugins are handed. It lives as long as the process: a plugin may ask for something at any time.
    nonisolated(unsafe) let table = HostServices.onlyTable

    nonisolated(unsafe) private static let onlyTable: UnsafePointer<fastdaemon_host> = {
        let table = UnsafeMutablePointer<fastdaemon_host>.allocate(capacity: 1)
        table.initialize(to: makeTable())
        return UnsafePointer(table)
    }()

    /// - Parameters:
    ///   - log: where the lines of plugins go.
    ///   - notesCrashes: whether it is noted whose code runs; see `CrashNotes`.
    public init(pool: ThreadPool, log: any PluginLog, notesCrashes: Bool = false) {
        self.notesCrashes = notesCrashes
        self.pool = pool
        self.log = log
    }
}

/// Runs `body` on the call behind a pointer. The plugin may use it only while the call lives, so no reference is counted.
private func with<Result>(_ pointer: OpaquePointer?, _ body: (Call) -> Result) -> Result {
    Unmanaged<Call>.fromOpaque(UnsafeRawPointer(pointer!))._withUnsafeGuaranteedRef(body)
}

private func makeTable() -> fastdaemon_host {
    fastdaemon_host(
        abi_version: FASTDAEMON_ABI_VERSION,
        reserved: 0,
        size: MemoryLayout<fastdaemon_host>.size,
        arguments: { call, count in
            with(call) { call in
                let list = call.argumentList()
                count?.pointee = list.count
                return list.baseAddress
            }
        },
        facts: { call in with(call) { $0.facts() } },
        read: { call, piece, flags in
            guard let piece else { return Int32(FASTDAEMON_ERROR_MISUSE) }
            return with(call) { $0.read(piece, mayWait: flags & UInt32(FASTDAEMON_DO_NOT_WAIT) == 0) }
        },
        write: { call, stream, data, count, flags in
            guard stream == FASTDAEMON_STANDARD_OUTPUT || stream == FASTDAEMON_STANDARD_ERROR, data != nil || count == 0
            else { return Int64(FASTDAEMON_ERROR_MISUSE) }
            let bytes = UnsafeRawBufferPointer(start: data, count: count)
            return with(call) { $0.write(bytes, to: stream, mayWait: flags & UInt32(FASTDAEMON_DO_NOT_WAIT) == 0) }
        },
        finish: { call, status in with(call) { $0.finish(status) } },
        cancelled: { call in with(call) { $0.cancellationReason } },
        cancellation_descriptor: { call in with(call) { $0.openCancellationDescriptor() } },
        notify: { call, event, callback, user in
            // The callback may end the call, which must outlive this all the same.
            let call = Unmanaged<Call>.fromOpaque(UnsafeRawPointer(call!)).takeUnretainedValue()
            return call.notify(Int(event), callback.map { CallState.Callback(function: $0, user: user) })
        },
        last_signal: { call in with(call) { $0.lastSignalNumber } },
        terminal: { call, stream, terminal in
            guard let terminal, stream <= FASTDAEMON_STANDARD_ERROR else { return Int32(FASTDAEMON_ERROR_MISUSE) }
            // What an older plugin knows of the struct is all that may be written.
            var filled = fastdaemon_terminal(size: terminal.pointee.size, is_terminal: 0, columns: 0, rows: 0)
            with(call) { $0.fill(&filled, of: stream) }
            let size = min(terminal.pointee.size, MemoryLayout<fastdaemon_terminal>.size)
            withUnsafeBytes(of: filled) {
                UnsafeMutableRawPointer(terminal).copyMemory(from: $0.baseAddress!, byteCount: size)
            }
            return 0
        },
        environment: { call, count in
            with(call) { call in
                let list = call.environment
                count?.pointee = list.count
                return list.baseAddress
            }
        },
        working_directory: { call in with(call) { $0.workingDirectory } },
        working_directory_descriptor: { call in with(call) { max(-1, $0.directoryDescriptor) } },
        run_on_pool: { call, work, user in
            guard let work else { return Int32(FASTDAEMON_ERROR_MISUSE) }
            return with(call) { call in
                let pool = call.command.plugin.services.pool
                let directory = call.directoryDescriptor
                // A thread in another directory than the caller's would work on other files.
                if call.workingDirectory.count > 0, !pool.canEnter(directory) { return Int32(FASTDAEMON_ERROR_CLOSED) }
                call.command.plugin.runOnPool(
                    work, user, directory: directory, crashText: call.command.crashText)
                return 0
            }
        },
        instance: { call in with(call) { $0.command.plugin.instance } },
        log: { instance, call, level, text, count in
            let plugin = Plugin.from(instance!)
            guard let level = LogLevel(rawValue: min(level, LogLevel.debug.rawValue)), plugin.services.log.writes(level)
            else { return }
            plugin.services.log.write(
                level, line(text, count), plugin: plugin.name, call: call.map { with($0) { $0.id } })
        },
        logs: { instance, level in
            guard let level = LogLevel(rawValue: level) else { return 0 }
            return Plugin.from(instance!).services.log.writes(level) ? 1 : 0
        },
        set_error: { instance, text, count in Plugin.from(instance!).setError(line(text, count)) },
        extension: { _, _ in nil }
    )
}

/// The text of a plugin, as far as it is UTF-8, fit to be printed.
private func line(_ text: UnsafePointer<CChar>?, _ count: Int) -> String {
    Printable.line(String(decoding: UnsafeRawBufferPointer(start: text, count: text == nil ? 0 : count), as: UTF8.self))
}
