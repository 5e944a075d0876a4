/// The elements that wait to be taken, and the rule that says which one is next.
enum TurnQueue<Element> {
    /// Whatever came first.
    case asCompleted(Queue<Element>)
    /// The element whose turn it is, counted from 0; those that came early wait for the ones before them.
    case inInputOrder(early: [Int: Element], turn: Int)

    init(_ order: ResultOrder) {
        switch order {
        case .asCompleted: self = .asCompleted(Queue())
        case .inInputOrder: self = .inInputOrder(early: [:], turn: 0)
        }
    }

    /// - Parameter turn: where in the input the element belongs; each turn comes once. Without meaning for a queue
    ///   that goes by completion.
    mutating func insert(_ element: Element, turn: Int) {
        switch consume self {
        case .asCompleted(var queue):
            queue.append(element)
            self = .asCompleted(queue)
        case .inInputOrder(var early, let current):
            early[turn] = element
            self = .inInputOrder(early: early, turn: current)
        }
    }

    /// The next element, or nil while there is none or it has not come yet.
    mutating func popFirst() -> Element? {
        switch consume self {
        case .asCompleted(var queue):
            let element = queue.popFirst()
            self = .asCompleted(queue)
            return element
        case .inInputOrder(var early, let turn):
            let element = early.removeValue(forKey: turn)
            self = .inInputOrder(early: early, turn: element == nil ? turn : turn + 1)
            return element
        }
    }

    mutating func removeAll() -> [Element] {
        switch consume self {
        case .asCompleted(var queue):
            let elements = queue.removeAll()
            self = .asCompleted(queue)
            return elements
        case .inInputOrder(let early, let turn):
            self = .inInputOrder(early: [:], turn: turn)
            return Array(early.values)
        }
    }
}
