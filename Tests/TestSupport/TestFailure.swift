/// What a test needs could not be had.
public struct TestFailure: Error, CustomStringConvertible {
    /// In words, for people.
    public let description: String

    /// - Parameter description: Why, in words.
    public init(_ description: String) {
        self.description = description
    }
}
