#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
#endif

/// The program's environment.
enum Environment {
    /// The value of a variable; `nil` where it is not set or empty.
    static func value(of name: StaticString) -> [UInt8]? {
        let name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        guard let value = cclient_environment_value(name), value.pointee != 0 else { return nil }
        return [UInt8](UnsafeRawBufferPointer(start: value, count: cclient_length(value)))
    }

    /// A folder that a variable names; `nil` where it names none. Relative paths are not used, as the XDG base directory
    /// specification has it.
    static func folder(_ name: StaticString) -> [UInt8]? {
        value(of: name).flatMap { $0.first == UInt8(ascii: "/") ? $0 : nil }
    }
}
