import FastDaemonIO
import FastDaemonSystem
import Glibc
import Synchronization

/// The sockets that the daemon was started with: those that the service manager opened, by name, and those of a daemon
/// whose place this one takes.
final class InheritedListeners: Sendable {
    private struct Entry {
        let listener: Listener

        /// What the service manager calls it; nil for a socket that a daemon bound.
        let name: String?
        var isWanted = false
    }

    private let entries: Mutex<[Entry]>

    /// What was handed over and cannot be used, a line each.
    let problems: [String]

    /// Adopts the sockets among `inheritance`. Locks that belong to none of them are closed.
    init(_ inheritance: Inheritance) {
        var locks = inheritance.entries.filter { $0.kind == .lock }.map(\.number)
        var entries: [Entry] = []
        var problems: [String] = []
        func add(_ number: Int32, _ name: String?) {
            do {
                let listener = try Listener(adopting: number) { address in
                    address.path.flatMap { Self.lock(ofSocketAt: $0, among: &locks) }
                }
                entries.append(Entry(listener: listener, name: name))
            } catch {
                problems.append("a socket that was passed\(name.map { " as \"\($0)\"" } ?? "") is not used: \(error)")
            }
        }
        for entry in inheritance.entries {
            switch entry.kind {
            case .activated(let name): add(entry.number, name)
            case .bound: add(entry.number, nil)
            case .lock, .predecessor: continue
            }
        }
        for number in locks { close(number) }
        self.entries = Mutex(entries)
        self.problems = problems
    }

    private static func lock(ofSocketAt path: String, among numbers: inout [Int32]) -> SocketLock? {
        for (index, number) in numbers.enumerated() where SocketLock.isLock(number, ofSocketAt: path) {
            numbers.remove(at: index)
            return SocketLock(adopting: Descriptor(owning: number), ofSocketAt: path)
        }
        return nil
    }

    // MARK: - What the config asks for

    /// Puts in the place of each listener that names a socket of the service manager's one for each socket of that name,
    /// with its address.
    ///
    /// - Throws: an `IOError` that says which names there are, where one is not among them.
    func resolve(_ listeners: [ListenerConfiguration]) throws(IOError) -> [ListenerConfiguration] {
        var resolved: [ListenerConfiguration] = []
        for listener in listeners {
            guard let name = listener.activation else {
                resolved.append(listener)
                continue
            }
            let sockets = entries.withLock { $0.filter { $0.name == name }.map(\.listener) }
            if sockets.isEmpty { throw missing(name) }
            for socket in sockets { resolved.append(try Self.merge(listener, socket)) }
        }
        for (index, listener) in resolved.enumerated() where listener.activation != nil {
            for (other, second) in resolved.enumerated() where other != index && second.isSamePlace(as: listener) {
                throw IOError("serve", listener.name, because: "two entries of \"listen\" are for this socket")
            }
        }
        return resolved
    }

    /// A listener with what its socket says of itself.
    private static func merge(
        _ listener: ListenerConfiguration, _ socket: Listener
    ) throws(IOError) -> ListenerConfiguration {
        var found = listener
        found.address = socket.address
        found.isDatagram = socket.isDatagram
        let name = "the socket \"\(listener.activation ?? "")\", which is \(socket.address)"
        if found.allowedUsers != nil, !found.address.isUnix || found.isDatagram {
            throw IOError(
                "serve", name, because: "allowUsers is for Unix stream sockets; others do not say who the peer is")
        }
        if !found.address.isLoopback, !found.allowsRemote {
            throw IOError(
                "serve", name,
                because: "it can be reached from other machines, and the protocol has no authentication; "
                    + "say \"allowRemote\": true, or bind it to 127.0.0.1 or [::1]")
        }
        return found
    }

    private func missing(_ name: String) -> IOError {
        let names = entries.withLock { entries in
            entries.compactMap(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        }
        let there =
            names.isEmpty
            ? "no sockets were passed to the daemon; start it by its socket unit"
            : "no such socket was passed; those that were are named \(names.map { "\"\($0)\"" }.joined(separator: ", ")) "
                + "(FileDescriptorName= of the socket unit)"
        return IOError("listen on", "the systemd socket \"\(name)\"", because: there)
    }

    /// The socket that was passed for a listener; nil where the daemon is to open one.
    ///
    /// - Parameter all: every listener of the config. A port that the kernel is to choose may be any that was passed and that no
    ///   other listener names.
    func take(_ listener: ListenerConfiguration, among all: [ListenerConfiguration]) -> Listener? {
        entries.withLock { entries in
            func first(where matches: (Listener) -> Bool) -> Int? {
                entries.indices.first {
                    entries[$0].listener.isDatagram == listener.isDatagram && matches(entries[$0].listener)
                        // A bound one is handed out once; the service manager's stay open, and can be taken again.
                        && !(entries[$0].isWanted && entries[$0].name == nil)
                }
            }
            let index =
                first { $0.address.isSame(as: listener.address) }
                ?? first { socket in
                    listener.address.isRequest(for: socket.address)
                        && !all.contains { $0.isDatagram == socket.isDatagram && $0.address.isSame(as: socket.address) }
                }
            guard let index else { return nil }
            entries[index].isWanted = true
            let found = entries[index].listener
            if entries[index].name == nil { entries.remove(at: index) }
            return found
        }
    }

    /// Takes out what no listener asked for.
    ///
    /// - Returns: each with its name and address, for people.
    func takeUnwanted() -> [(name: String, listener: Listener)] {
        entries.withLock { entries in
            defer { entries.removeAll { !$0.isWanted } }
            return entries.filter { !$0.isWanted }.map { entry in
                (
                    entry.name.map { "\($0) (\(entry.listener.address))" } ?? "\(entry.listener.address)",
                    entry.listener
                )
            }
        }
    }

    /// The name by which the service manager passed a listener's socket; nil for one of the daemon's own.
    func name(of listener: Listener) -> String? {
        entries.withLock { $0.first { $0.listener === listener }?.name }
    }
}
