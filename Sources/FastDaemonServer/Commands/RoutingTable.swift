import FastDaemonHost
import Glibc

/// A command as it is served: its name, and what runs it.
final class Route: Sendable {
    let name: String

    /// What is counted of it.
    let statistics: CommandStatistics

    /// The daemon's own command, or a plugin's: one of the two is there.
    let builtIn: BuiltInCommand?
    let command: PluginCommand?

    /// The same, where it runs inline: to be lent without counting a reference.
    fileprivate let inlineCommand: Unmanaged<PluginCommand>?

    /// The plugin, which is there as long as this is.
    let hosted: HostedPlugin?

    /// Where a plugin's command runs, and where its calls come in; nil for the daemon's own.
    let execution: PluginCommand.Execution
    let gate: Gate?

    /// How long a call of it may wait for its turn, and how long it may then run; nil for as long as it likes.
    let timeoutSeconds: Double?

    /// The same in nanoseconds; 0 for as long as it likes.
    let timeLimit: UInt64

    init(builtIn: BuiltInCommand, statistics: CommandStatistics) {
        name = statistics.name
        self.statistics = statistics
        self.builtIn = builtIn
        command = nil
        inlineCommand = nil
        hosted = nil
        execution = .inline
        gate = nil
        timeoutSeconds = nil
        timeLimit = 0
    }

    init(
        command: PluginCommand, of hosted: HostedPlugin, execution: PluginCommand.Execution,
        timeoutSeconds: Double? = nil, statistics: CommandStatistics
    ) {
        name = statistics.name
        self.statistics = statistics
        builtIn = nil
        self.command = command
        inlineCommand = execution == .inline ? .passUnretained(command) : nil
        self.hosted = hosted
        self.execution = execution
        gate = hosted.gate
        self.timeoutSeconds = timeoutSeconds
        timeLimit = timeoutSeconds.map(nanoseconds) ?? 0
    }

    var summary: String { builtIn?.summary ?? command?.summary ?? "" }
    var usage: String { builtIn?.usage ?? command?.usage ?? "" }
}

/// Finds a command by the bytes of its name: a hash table of open addresses, built once. A look-up allocates nothing, and costs
/// the same with one command as with a thousand.
///
/// A class, so that a look-up counts no references to its arrays.
final class RoutingTable: Sendable {
    /// All routes, by name.
    let routes: [Route]

    /// A place of the table: a route, the key of its name, and where that stands in `names`. Empty ones have no route.
    private struct Place {
        let route: Unmanaged<Route>?
        let key: UInt64
        let offset: Int
        let count: Int
    }

    /// Both are filled once, and freed with the table. Plain memory, so that a look-up counts no references.
    private nonisolated(unsafe) let places: UnsafeMutableBufferPointer<Place>
    private nonisolated(unsafe) let names: UnsafeMutableRawBufferPointer

    private let mask: Int

    init(_ routes: [Route]) {
        self.routes = routes.sorted { $0.name < $1.name }
        var size = 16
        while size < routes.count * 2 { size *= 2 }
        mask = size - 1
        places = .allocate(capacity: size)
        places.initialize(repeating: Place(route: nil, key: 0, offset: 0, count: 0))
        names = .allocate(byteCount: routes.reduce(1) { $0 + $1.name.utf8.count }, alignment: 1)
        var offset = 0
        for route in self.routes {
            let name = Array(route.name.utf8)
            UnsafeMutableRawBufferPointer(rebasing: names[offset...]).copyBytes(from: name)
            let key = name.withUnsafeBytes(Self.key)
            var place = Self.hash(key) & mask
            while places[place].route != nil { place = (place + 1) & mask }
            places[place] = Place(
                route: Unmanaged.passUnretained(route), key: key, offset: offset, count: name.count)
            offset += name.count
        }
    }

    deinit {
        places.deallocate()
        names.deallocate()
    }

    /// Lends the route of a name, if it is of a plugin's command that runs inline. They are the table's, so no reference to them is
    /// counted. Returns nil where it is not.
    @inline(__always)
    func withInlineRoute<Result>(of name: UnsafeRawBufferPointer, _ body: (Route, PluginCommand) -> Result) -> Result? {
        find(name)?._withUnsafeGuaranteedRef { route in
            route.inlineCommand?._withUnsafeGuaranteedRef { body(route, $0) }
        }
    }

    subscript(name: UnsafeRawBufferPointer) -> Route? { find(name)?.takeUnretainedValue() }

    /// Most names are short, and stand in the first place where they may.
    @inline(__always)
    private func find(_ name: UnsafeRawBufferPointer) -> Unmanaged<Route>? {
        let key = Self.key(name)
        let place = places[Self.hash(key) & mask]
        if place.key == key, place.count == name.count, name.count <= Self.wholeKey { return place.route }
        return find(name, key)
    }

    @inline(never)
    private func find(_ name: UnsafeRawBufferPointer, _ key: UInt64) -> Unmanaged<Route>? {
        var index = Self.hash(key) & mask
        while let route = places[index].route {
            let place = places[index]
            if place.key == key, place.count == name.count, name.count <= Self.wholeKey || isName(of: place, name) {
                return route
            }
            index = (index + 1) & mask
        }
        return nil
    }

    private func isName(of place: Place, _ name: UnsafeRawBufferPointer) -> Bool {
        memcmp(names.baseAddress! + place.offset, name.baseAddress!, name.count) == 0
    }

    subscript(name: String) -> Route? {
        Array(name.utf8).withUnsafeBytes { self[$0] }
    }

    /// How long a name may be of which the key is all.
    private static let wholeKey = 8

    /// Up to eight bytes as a number, which together with their count is as good as they are; of more bytes a mixture.
    @inline(__always)
    private static func key(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count > wholeKey { return mixture(of: bytes) }
        if bytes.count >= 4 {
            // Two halves, which may overlap.
            let first = bytes.loadUnaligned(as: UInt32.self)
            let last = bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
            return UInt64(first) << 32 | UInt64(last)
        }
        return shortKey(bytes)
    }

    @inline(never)
    private static func shortKey(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Eight bytes at a time, of which the last may be looked at twice.
    private static func mixture(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        var mixture = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
        for offset in stride(from: 0, to: bytes.count - 8, by: 8) {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            mixture = (mixture ^ mixture >> 32 ^ word) &* multiplier
        }
        return mixture
    }

    /// The names come from the config, so nobody outside can choose them to collide.
    private static func hash(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* multiplier) >> 32)
    }

    /// An odd number whose bits are as good as random: 2^64 divided by the golden ratio.
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
}
