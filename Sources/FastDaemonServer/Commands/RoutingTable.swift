import FastDaemonHost
import Glibc

/// A command as it is served: its name, what runs it, and what is counted of it.
final class Route: Sendable {
    enum Action: Sendable {
        case plugin(PluginCommand, PluginCommand.Execution, gate: Int)
        case builtIn(BuiltInCommand)
    }

    let name: String
    let action: Action

    /// Its place in each loop's counters.
    let index: Int

    init(name: String, action: Action, index: Int) {
        self.name = name
        self.action = action
        self.index = index
    }

    var summary: String {
        switch action {
        case .plugin(let command, _, _): command.summary
        case .builtIn(let command): command.summary
        }
    }

    var usage: String {
        switch action {
        case .plugin(let command, _, _): command.usage
        case .builtIn(let command): command.usage
        }
    }
}

/// Finds a command by the bytes of its name: a hash table of open addresses, built once. A look-up allocates nothing, and costs
/// the same with one command as with a thousand.
///
/// A class, so that a look-up counts no references to its arrays.
final class RoutingTable: Sendable {
    /// All routes, by name.
    let routes: [Route]

    private let places: [Int32]
    private let names: [[UInt8]]
    private let mask: Int

    init(_ routes: [Route]) {
        self.routes = routes.sorted { $0.name < $1.name }
        names = self.routes.map { Array($0.name.utf8) }
        var size = 16
        while size < routes.count * 2 { size *= 2 }
        mask = size - 1
        var places = [Int32](repeating: -1, count: size)
        for (index, name) in names.enumerated() {
            var place = name.withUnsafeBytes(Self.hash) & mask
            while places[place] >= 0 { place = (place + 1) & mask }
            places[place] = Int32(index)
        }
        self.places = places
    }

    subscript(name: UnsafeRawBufferPointer) -> Route? {
        var place = Self.hash(name) & mask
        while places[place] >= 0 {
            let index = Int(places[place])
            if names[index].count == name.count,
                names[index].withUnsafeBytes({ memcmp($0.baseAddress!, name.baseAddress!, name.count) == 0 })
            {
                return routes[index]
            }
            place = (place + 1) & mask
        }
        return nil
    }

    subscript(name: String) -> Route? {
        Array(name.utf8).withUnsafeBytes { self[$0] }
    }

    /// FNV-1a. The names come from the config, so nobody outside can choose them to collide.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32))
    }
}
