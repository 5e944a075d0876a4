import CFastDaemonPlugin
import Glibc
import Synchronization

/// The C descriptor of a plugin type, and behind it the type: the host hands the descriptor's address back to `create`
/// and `extension`, which is how they find out which type they speak for.
struct ExportedPlugin {
    private let descriptor: fastdaemon_plugin
    private let type: any Plugin.Type

    /// The addresses of the descriptors that were handed out, each for the life of the process. A library has one or two; and a
    /// dictionary would have the runtime look through all of its types once in each library that is loaded, for 0.1 ms.
    private static let all = Mutex<[UInt]>([])

    /// The one descriptor of a type.
    static func descriptor(of type: any Plugin.Type) -> UnsafePointer<fastdaemon_plugin> {
        let address = all.withLock { all in
            if let known = all.first(where: { Self.type(of: UnsafePointer(bitPattern: $0)) == type }) { return known }
            let exported = UnsafeMutablePointer<ExportedPlugin>.allocate(capacity: 1)
            exported.initialize(to: ExportedPlugin(type))
            let address = UInt(bitPattern: exported)
            all.append(address)
            return address
        }
        return UnsafePointer(bitPattern: address)!
    }

    private init(_ type: any Plugin.Type) {
        self.type = type
        descriptor = fastdaemon_plugin(
            abi_version: FASTDAEMON_ABI_VERSION,
            concurrency: UInt32(clamping: type.maximumConcurrentCalls ?? 0),
            size: MemoryLayout<fastdaemon_plugin>.size,
            name: strdup(type.name),
            version: strdup(type.version),
            create: create,
            commands: listCommands,
            destroy: destroy,
            self_test: selfTest,
            extension: extensionAddress)
    }

    fileprivate static func type(of descriptor: UnsafePointer<fastdaemon_plugin>?) -> (any Plugin.Type)? {
        guard let descriptor else { return nil }
        return UnsafeRawPointer(descriptor).assumingMemoryBound(to: ExportedPlugin.self).pointee.type
    }
}

private let failed: Int32 = 1

private func create(
    descriptor: UnsafePointer<fastdaemon_plugin>?, table: UnsafePointer<fastdaemon_host>?, instance: OpaquePointer?,
    options: fastdaemon_bytes, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    guard let type = ExportedPlugin.type(of: descriptor), let table, let instance, let state else { return failed }
    let host = PluginHost(
        table: table, instance: instance, options: Options(json: String(decoding: options.bytes, as: UTF8.self)))
    do {
        let plugin = CreatedPlugin(try type.init(host: host), host: host)
        state.pointee = Unmanaged.passRetained(plugin).toOpaque()
        return 0
    } catch {
        host.setError("\(error)")
        return failed
    }
}

private func listCommands(
    state: UnsafeMutableRawPointer?,
    list: UnsafeMutablePointer<UnsafePointer<UnsafePointer<fastdaemon_command>?>?>?,
    count: UnsafeMutablePointer<Int>?
) -> Int32 {
    guard let state, let list, let count else { return failed }
    let plugin = Unmanaged<CreatedPlugin>.fromOpaque(state).takeUnretainedValue()
    do {
        let records = try plugin.commandRecords()
        list.pointee = records.baseAddress
        count.pointee = records.count
        return 0
    } catch {
        plugin.host.setError("\(error)")
        return failed
    }
}

private func selfTest(state: UnsafeMutableRawPointer?) -> Int32 {
    guard let state else { return failed }
    let plugin = Unmanaged<CreatedPlugin>.fromOpaque(state).takeUnretainedValue()
    do {
        try plugin.plugin.selfTest()
        return 0
    } catch {
        plugin.host.setError("\(error)")
        return failed
    }
}

private func destroy(state: UnsafeMutableRawPointer?) {
    guard let state else { return }
    Unmanaged<CreatedPlugin>.fromOpaque(state).release()
}

private func extensionAddress(
    descriptor: UnsafePointer<fastdaemon_plugin>?, name: UnsafePointer<CChar>?
) -> UnsafeRawPointer? {
    guard let type = ExportedPlugin.type(of: descriptor), let name else { return nil }
    return type.extensionAddress(named: String(cString: name))
}
