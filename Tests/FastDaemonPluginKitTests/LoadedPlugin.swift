import CFastDaemonPlugin
import Foundation
import TestSupport

@testable import FastDaemonPluginKit

/// A plugin as the host has it after loading: created, and its commands listed.
final class LoadedPlugin: @unchecked Sendable {
    struct Refused: Error, Equatable {
        let text: String?
    }

    let descriptor: UnsafePointer<fastdaemon_plugin>
    let host = FakeHost()
    private(set) var commands: [String: UnsafePointer<fastdaemon_command>] = [:]
    private var state: UnsafeMutableRawPointer?

    convenience init(_ type: (some Plugin).Type, options: String = "{}") throws {
        let version = FASTDAEMON_ABI_VERSION
        try self.init(type.export(version)!.assumingMemoryBound(to: fastdaemon_plugin.self), options: options)
    }

    /// A library that the package builds, such as `Echo`.
    convenience init(library name: String) throws {
        let path = builtProgram("lib\(name).so")
        guard let image = dlopen(path, RTLD_NOW | RTLD_LOCAL), let entry = dlsym(image, FASTDAEMON_PLUGIN_ENTRY_NAME)
        else { throw Refused(text: String(cString: dlerror())) }
        let function = unsafeBitCast(entry, to: fastdaemon_plugin_entry_function.self)
        try self.init(function(FASTDAEMON_ABI_VERSION)!, options: "{}")
    }

    init(_ descriptor: UnsafePointer<fastdaemon_plugin>, options: String) throws {
        self.descriptor = descriptor
        let created = options.withCString { text in
            let options = fastdaemon_bytes(data: text, count: strlen(text))
            return descriptor.pointee.create(descriptor, FakeHost.table, host.instance, options, &state)
        }
        guard created == 0 else { throw Refused(text: host.lastError) }
        var list: UnsafePointer<UnsafePointer<fastdaemon_command>?>?
        var count = 0
        guard descriptor.pointee.commands(state, &list, &count) == 0 else { throw Refused(text: host.lastError) }
        for index in 0..<count {
            let command = list![index]!
            commands[String(cString: command.pointee.name)] = command
        }
    }

    deinit { descriptor.pointee.destroy?(state) }

    func selfTest() -> Int32 { descriptor.pointee.self_test(state) }

    /// Calls the command that the call's first word names, on this thread.
    func start(_ call: FakeCall) {
        let command = commands[String(cString: call.arguments.list[0].data)]!
        let status = command.pointee.run(FakeHost.table, call.pointer, command.pointee.context)
        if status != Int32.min { call.finish(status) }
    }

    /// As `start`, on a thread where the handler may wait.
    func startOnThread(_ call: FakeCall) {
        Thread.detachNewThread { self.start(call) }
    }
}
