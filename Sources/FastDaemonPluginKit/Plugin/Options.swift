/// The `options` that the config gives to a plugin.
public struct Options: Sendable, Equatable {
    /// The options as JSON text; `{}` where the config has none. With a JSON decoder:
    ///
    /// ```swift
    /// let settings = try JSONDecoder().decode(Settings.self, from: Data(host.options.json.utf8))
    /// ```
    ///
    /// The kit has no decoder of its own, so that a plugin without options loads no library for one.
    public let json: String
}
