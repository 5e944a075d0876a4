/// How long something takes, from the moment on in which this was made.
public struct Stopwatch {
    private let start = ContinuousClock.now

    /// Starts now.
    public init() {}

    /// The seconds since.
    public var seconds: Double { start.duration(to: .now) / .seconds(1) }
}
