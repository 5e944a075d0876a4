/// In which order results that are worked out side by side are received.
public enum ResultOrder: Sendable {
    /// As they become ready: a slow one holds up nothing but itself.
    case asCompleted
    /// In the order of the input: one that is ready waits for those before it.
    case inInputOrder
}
