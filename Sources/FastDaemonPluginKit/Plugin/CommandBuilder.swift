/// Lets a plugin list its commands one below the other, with `if`, `switch` and `for` where they depend on the options.
@resultBuilder
public enum CommandBuilder {
    /// One command.
    public static func buildExpression(_ command: Command) -> [Command] { [command] }

    /// Commands that were made elsewhere.
    public static func buildExpression(_ commands: [Command]) -> [Command] { commands }

    /// Statements one below the other.
    public static func buildBlock(_ parts: [Command]...) -> [Command] { parts.flatMap(\.self) }

    /// An `if` without `else`.
    public static func buildOptional(_ part: [Command]?) -> [Command] { part ?? [] }

    /// The first branch of an `if` or `switch`.
    public static func buildEither(first part: [Command]) -> [Command] { part }

    /// The other branch of an `if` or `switch`.
    public static func buildEither(second part: [Command]) -> [Command] { part }

    /// A `for` loop.
    public static func buildArray(_ parts: [[Command]]) -> [Command] { parts.flatMap(\.self) }
}
