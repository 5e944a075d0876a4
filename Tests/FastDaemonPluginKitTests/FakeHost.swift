import CFastDaemonPlugin
import Dispatch
import Foundation

/// The host's side of the ABI: the table, and what plugins told it.
final class FakeHost: @unchecked Sendable {
    private let lock = NSLock()
    private var loggedLines: [String] = []
    private var error: String?

    /// The one table; its functions find their way by the call and the instance that they are given.
    nonisolated(unsafe) static let table: UnsafePointer<fastdaemon_host> = {
        let table = UnsafeMutablePointer<fastdaemon_host>.allocate(capacity: 1)
        table.initialize(to: makeTable())
        return UnsafePointer(table)
    }()

    var instance: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }
    var logLines: [String] { lock.withLock { loggedLines } }
    var lastError: String? { lock.withLock { error } }

    fileprivate func log(_ line: String) { lock.withLock { loggedLines.append(line) } }
    fileprivate func setError(_ text: String) { lock.withLock { error = text } }

    fileprivate static func from(_ instance: OpaquePointer?) -> FakeHost {
        Unmanaged<FakeHost>.fromOpaque(UnsafeRawPointer(instance!)).takeUnretainedValue()
    }

    /// Calls of tests do not say whose they are; what they log is kept here.
    static let ofCalls = FakeHost()
}

private func makeTable() -> fastdaemon_host {
    fastdaemon_host(
        abi_version: FASTDAEMON_ABI_VERSION,
        reserved: 0,
        size: MemoryLayout<fastdaemon_host>.size,
        arguments: { call, count in
            FakeCall.from(call).used("arguments") { listed(FakeCall.from(call).arguments, count) }
        },
        facts: { call in FakeCall.from(call).exclusively("facts") { UnsafePointer(FakeCall.from(call).facts) } },
        read: { call, piece, flags in FakeCall.from(call).read(piece!, flags) },
        write: { call, stream, data, count, flags in
            FakeCall.from(call).write(stream, UnsafeRawBufferPointer(start: data, count: count), flags)
        },
        finish: { call, status in FakeCall.from(call).finish(status) },
        cancelled: { call in FakeCall.from(call).cancellationReason },
        cancellation_descriptor: { call in FakeCall.from(call).cancellationDescriptor },
        notify: { call, event, callback, user in
            FakeCall.from(call).notify(event, callback.map { FakeCall.Callback(function: $0, user: user) })
        },
        last_signal: { call in FakeCall.from(call).lastSignal },
        terminal: { call, stream, terminal in
            FakeCall.from(call).exclusively("terminal") {
                terminal!.pointee.is_terminal = stream == FASTDAEMON_STANDARD_OUTPUT ? 1 : 0
                terminal!.pointee.columns = 80
                return 0
            }
        },
        environment: { call, count in
            FakeCall.from(call).exclusively("environment") { listed(FakeCall.from(call).environment, count) }
        },
        working_directory: { call in
            FakeCall.from(call).exclusively("working_directory") { FakeCall.from(call).directory.list[0] }
        },
        working_directory_descriptor: { call in FakeCall.from(call).exclusively("working_directory_descriptor") { -1 }
        },
        run_on_pool: { call, work, user in
            if let refusal = FakeCall.from(call).used("run_on_pool", { FakeCall.from(call).poolRefusal }) {
                return refusal
            }
            let job = PoolJob(work: work!, user: user)
            DispatchQueue.global().async { job.work(job.user) }
            return 0
        },
        instance: { call in FakeCall.from(call).exclusively("instance") { FakeHost.ofCalls.instance } },
        log: { instance, call, level, text, count in
            let line = String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self)
            FakeHost.from(instance).log("\(level) \(call.map { FakeCall.from($0).facts.pointee.id } ?? 0) \(line)")
        },
        logs: { _, level in level < FASTDAEMON_LOG_DEBUG ? 1 : 0 },
        set_error: { instance, text, count in
            FakeHost.from(instance).setError(
                String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self))
        },
        extension: { _, name in strcmp(name!, "test.answer/1") == 0 ? UnsafeRawPointer(bitPattern: 42) : nil }
    )
}

private struct PoolJob: @unchecked Sendable {
    let work: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let user: UnsafeMutableRawPointer?
}

private func listed(_ strings: CStrings, _ count: UnsafeMutablePointer<Int>?) -> UnsafePointer<fastdaemon_bytes>? {
    count!.pointee = strings.list.count
    return UnsafePointer(strings.list.baseAddress)
}
