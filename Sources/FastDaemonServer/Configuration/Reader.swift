import FastDaemonHost
import FastDaemonIO
import Glibc

/// Walks over the values of a config file, and collects what is wrong with them.
struct Reader {
    /// Relative paths are relative to it.
    let folder: String

    private(set) var problems: [String] = []

    init(folder: String) {
        self.folder = folder
    }

    mutating func read(_ value: JSONValue, into configuration: inout Configuration) {
        let keys = ["listen", "pluginDirectory", "plugins", "limits", "log", "loops", "watch", "idleExitSeconds"]
        guard let object = object(value, at: "", keys: keys) else { return }
        configuration.listeners = array(object["listen"], at: "listen").enumerated().compactMap { index, value in
            listener(value, at: "listen[\(index)]")
        }
        if object["listen"] == nil {
            report("listen", "is missing: say where to listen, as in \"listen\": [ { \"unix\": \"fastdaemon.sock\" } ]")
        } else if case .array(let values)? = object["listen"], values.isEmpty {
            report("listen", "is empty: say where to listen, as in [ { \"unix\": \"fastdaemon.sock\" } ]")
        }
        if let directory = string(object["pluginDirectory"], at: "pluginDirectory") {
            configuration.pluginDirectory = absolutePath(directory, in: folder)
        } else if object["pluginDirectory"] == nil {
            report("pluginDirectory", "is missing: name the folder that the plugin libraries stand in")
        }
        configuration.plugins = array(object["plugins"], at: "plugins").enumerated().compactMap { index, value in
            plugin(value, at: "plugins[\(index)]")
        }
        limits(object["limits"], into: &configuration.limits)
        log(object["log"], into: &configuration.log)
        if let loops = integer(object["loops"], at: "loops", in: 0...256) { configuration.loops = loops }
        if let watch = bool(object["watch"], at: "watch") { configuration.watch = watch }
        if let seconds = seconds(object["idleExitSeconds"], at: "idleExitSeconds", in: 0...31_536_000) {
            configuration.idleExitSeconds = seconds
        }
    }

    // MARK: - Sections

    private static let addressKeys = ["unix", "tcp", "unixDatagram", "udp", "systemd"]

    private mutating func listener(_ value: JSONValue, at path: String) -> ListenerConfiguration? {
        let keys = Self.addressKeys + ["protocol", "mode", "allowUsers", "allowRemote"]
        guard let object = object(value, at: path, keys: keys) else { return nil }
        let kinds = Self.addressKeys.filter { object[$0] != nil }
        guard kinds.count == 1, let kind = kinds.first else {
            report(
                path,
                "expected one of unix, tcp, unixDatagram, udp and systemd, found "
                    + (kinds.isEmpty ? "none" : "\(kinds.count)"))
            return nil
        }
        guard let text = string(object[kind], at: "\(path).\(kind)") else { return nil }
        let isUnix = kind == "unix" || kind == "unixDatagram"
        let address: SocketAddress
        do {
            address = isUnix ? try .unix(absolutePath(text, in: folder)) : kind == "systemd" ? .nameless : try .ip(text)
        } catch {
            report("\(path).\(kind)", "\(error)")
            return nil
        }
        var listener = ListenerConfiguration(address: address, isDatagram: kind == "unixDatagram" || kind == "udp")
        if kind == "systemd" { listener.activation = text }
        if let dialect = choice(object["protocol"], at: "\(path).protocol", of: ListenerConfiguration.Dialect.self) {
            listener.dialect = dialect
        }
        if kind == "systemd" {
            if object["mode"] != nil {
                report(
                    "\(path).mode", "is for sockets that the daemon opens; this one's is SocketMode= in its socket unit"
                )
            }
            readAccess(object, at: path, into: &listener)
        } else if isUnix {
            if listener.isDatagram, object["allowUsers"] != nil {
                report("\(path).allowUsers", "is for stream sockets; a datagram does not say who sent it")
            }
            readAccess(object, at: path, into: &listener)
        } else {
            for key in ["mode", "allowUsers"] where object[key] != nil {
                report("\(path).\(key)", "is for Unix sockets; a TCP or UDP peer has no file and no user")
            }
        }
        listener.allowsRemote = bool(object["allowRemote"], at: "\(path).allowRemote") ?? false
        checkRemote(listener, at: path)
        return listener
    }

    private mutating func readAccess(
        _ object: [String: JSONValue], at path: String, into listener: inout ListenerConfiguration
    ) {
        if let users = object["allowUsers"] {
            listener.allowedUsers = Set(
                array(users, at: "\(path).allowUsers").enumerated().compactMap {
                    user($1, at: "\(path).allowUsers[\($0)]")
                })
            // The kernel has to let them in before their credentials can be looked at.
            listener.mode = 0o666
        }
        if let mode = string(object["mode"], at: "\(path).mode") {
            if let number = UInt32(mode, radix: 8), number <= 0o777 {
                listener.mode = number
            } else {
                report(
                    "\(path).mode", "expected permissions as an octal text from \"0000\" to \"0777\", found \"\(mode)\""
                )
            }
        }
    }

    private mutating func user(_ value: JSONValue, at path: String) -> UInt32? {
        switch value {
        case .integer(let number) where number >= 0 && number < Int(UInt32.max): return UInt32(number)
        case .string(let name):
            if let entry = getpwnam(name) { return entry.pointee.pw_uid }
            report(path, "there is no user \"\(name)\" on this machine")
        default: report(path, "expected a user's name or number, found \(value.kind)")
        }
        return nil
    }

    private mutating func checkRemote(_ listener: ListenerConfiguration, at path: String) {
        if !listener.address.isLoopback, !listener.allowsRemote {
            report(
                path,
                "\(listener.address) can be reached from other machines, and the protocol has no authentication; listen on "
                    + "127.0.0.1 or [::1], or say \"allowRemote\": true")
        }
    }

    private mutating func plugin(_ value: JSONValue, at path: String) -> PluginConfiguration? {
        let keys = [
            "library", "name", "options", "execution", "workers", "callsPerWorker", "concurrency", "timeoutSeconds",
            "commands",
        ]
        guard let object = object(value, at: path, keys: keys) else { return nil }
        guard let library = string(object["library"], at: "\(path).library") else {
            if object["library"] == nil { report("\(path).library", "is missing: name a file in the plugin folder") }
            return nil
        }
        var plugin = PluginConfiguration(keyPath: path, library: library)
        if let name = string(object["name"], at: "\(path).name"), isName(name, at: "\(path).name") {
            plugin.name = name
        }
        if let options = object["options"] {
            if case .object = options {
                plugin.options = options.text
            } else {
                expected("an object", options, "\(path).options")
            }
        }
        plugin.execution = choice(object["execution"], at: "\(path).execution", of: PluginCommand.Execution.self)
        if let workers = integer(object["workers"], at: "\(path).workers", in: 1...256) { plugin.workers = workers }
        if let calls = integer(object["callsPerWorker"], at: "\(path).callsPerWorker", in: 0...1_000_000_000) {
            plugin.callsPerWorker = calls
        }
        plugin.timeoutSeconds = seconds(object["timeoutSeconds"], at: "\(path).timeoutSeconds", in: 0.01...31_536_000)
        plugin.concurrency = integer(object["concurrency"], at: "\(path).concurrency", in: 1...10_000)
        plugin.commands = commands(object["commands"], at: "\(path).commands")
        return plugin
    }

    private mutating func commands(_ value: JSONValue?, at path: String) -> [String: String]? {
        guard let value else { return nil }
        guard case .object(let object) = value else {
            expected("an object such as { \"say\": \"echo\" }", value, path)
            return nil
        }
        var commands: [String: String] = [:]
        for (name, value) in object.sorted(by: { $0.key < $1.key }) where isName(name, at: path) {
            if let own = string(value, at: "\(path).\(name)") { commands[name] = own }
        }
        return commands
    }

    private mutating func limits(_ value: JSONValue?, into limits: inout Limits) {
        guard let value, let object = object(value, at: "limits", keys: Limits.keys) else { return }
        for (key, path, range) in Limits.integers {
            if let number = integer(object[key], at: "limits.\(key)", in: range) { limits[keyPath: path] = number }
        }
        for (key, path, range) in Limits.seconds {
            if let number = seconds(object[key], at: "limits.\(key)", in: range) { limits[keyPath: path] = number }
        }
    }

    private mutating func log(_ value: JSONValue?, into log: inout LogConfiguration) {
        guard let value, let object = object(value, at: "log", keys: ["level", "format"]) else { return }
        if let level = choice(object["level"], at: "log.level", among: LogLevel.allCases, named: \.name) {
            log.level = level
        }
        if let format = choice(object["format"], at: "log.format", of: LogConfiguration.Format.self) {
            log.format = format
        }
    }

    // MARK: - Values

    mutating func report(_ path: String, _ problem: String) {
        // Keys and texts of the file stand in it as they are.
        problems.append(Printable.line(path.isEmpty ? problem : "\(path): \(problem)"))
    }

    private mutating func expected(_ what: String, _ found: JSONValue, _ path: String) {
        report(path, "expected \(what), found \(found.kind)")
    }

    private mutating func object(_ value: JSONValue, at path: String, keys: [String]) -> [String: JSONValue]? {
        guard case .object(let object) = value else {
            expected("an object in braces", value, path)
            return nil
        }
        for key in object.keys.sorted() where !keys.contains(key) {
            let near = NearNames.question(NearNames.near(key, among: keys))
            report(path.isEmpty ? key : "\(path).\(key)", "there is no such key\(near.isEmpty ? "" : near)")
        }
        return object
    }

    private mutating func array(_ value: JSONValue?, at path: String) -> [JSONValue] {
        guard let value else { return [] }
        if case .array(let array) = value { return array }
        expected("an array in brackets", value, path)
        return []
    }

    private mutating func string(_ value: JSONValue?, at path: String) -> String? {
        guard let value else { return nil }
        if case .string(let string) = value, !string.isEmpty, !string.utf8.contains(0) { return string }
        expected("a text that is not empty", value, path)
        return nil
    }

    private mutating func bool(_ value: JSONValue?, at path: String) -> Bool? {
        guard let value else { return nil }
        if case .bool(let bool) = value { return bool }
        expected("true or false", value, path)
        return nil
    }

    private mutating func integer(_ value: JSONValue?, at path: String, in range: ClosedRange<Int>) -> Int? {
        guard let value else { return nil }
        if case .integer(let number) = value, range.contains(number) { return number }
        expected("a whole number from \(range.lowerBound) to \(range.upperBound)", value, path)
        return nil
    }

    private mutating func seconds(_ value: JSONValue?, at path: String, in range: ClosedRange<Double>) -> Double? {
        guard let value else { return nil }
        if case .integer(let number) = value, range.contains(Double(number)) { return Double(number) }
        if case .number(let number) = value, range.contains(number) { return number }
        expected("a number of seconds from \(shortest(range.lowerBound)) to \(shortest(range.upperBound))", value, path)
        return nil
    }

    private func shortest(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\(number)"
    }

    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ value: JSONValue?, at path: String, of type: Choice.Type
    ) -> Choice? {
        choice(value, at: path, among: Array(Choice.allCases), named: \.rawValue)
    }

    private mutating func choice<Choice>(
        _ value: JSONValue?, at path: String, among choices: [Choice], named name: (Choice) -> String
    ) -> Choice? {
        guard let value else { return nil }
        if case .string(let string) = value, let choice = choices.first(where: { name($0) == string }) { return choice }
        expected("one of \(choices.map { "\"\(name($0))\"" }.joined(separator: ", "))", value, path)
        return nil
    }

    private mutating func isName(_ name: String, at path: String) -> Bool {
        do {
            try NameError.check(name.utf8)
            return true
        } catch {
            report(path, "\"\(Printable.line(name))\" cannot be a name: \(error)")
            return false
        }
    }
}
