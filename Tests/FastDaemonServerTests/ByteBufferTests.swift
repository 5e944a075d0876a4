import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("A byte buffer") struct ByteBufferTests {
    private static func append(_ bytes: [UInt8], to buffer: ByteBuffer) -> Bool {
        bytes.withUnsafeBytes { buffer.append($0) }
    }

    @Test("holds what an array holds under random changes", arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let budget = ByteBudget(limit: 1 << 24)
        // One that is kept has its bytes elsewhere than an ordinary one.
        let isKept = seed.isMultiple(of: 2)
        let buffer = ByteBuffer(budget: budget, freeShare: isKept ? 1 << 16 : ByteBuffer.smallShare)
        var model: [UInt8] = []
        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let bytes = (0..<Int.random(in: 0...2000, using: &generator)).map { UInt8(truncatingIfNeeded: $0 * 7) }
                #expect(Self.append(bytes, to: buffer))
                model += bytes
            case 5..<8:
                let count = Int.random(in: 0...model.count, using: &generator)
                buffer.removeFirst(count)
                model.removeFirst(count)
            case 8:
                let count = Int.random(in: 0...model.count, using: &generator)
                buffer.truncate(to: count)
                model.removeLast(model.count - count)
            default:
                buffer.removeAll()
                model.removeAll()
            }
            #expect(buffer.count == model.count)
            #expect(buffer.isEmpty == model.isEmpty)
            #expect(buffer.bytes.elementsEqual(model))
        }
    }

    @Test("with a large share free keeps its room, and counts like any other once it gives the share up")
    func shareGivenUp() {
        let budget = ByteBudget(limit: 1 << 20)
        do {
            let buffer = ByteBuffer(budget: budget, freeShare: 256 * 1024)
            #expect(Self.append(Array(repeating: 1, count: 200 * 1024), to: buffer))
            #expect(budget.inUse == 0)
            buffer.giveUpShare()
            #expect(budget.inUse >= 184 * 1024)
            buffer.removeAll()
            #expect(budget.inUse == 0)
            #expect(Self.append(Array(repeating: 1, count: 20 * 1024), to: buffer))
            #expect(budget.inUse >= 4 * 1024)
        }
        #expect(budget.inUse == 0)
    }

    @Test("with a large share free begins behind the beginning of a page, until it outgrows the share")
    func lead() {
        let buffer = ByteBuffer(budget: ByteBudget(limit: 1 << 20), freeShare: 256 * 1024)
        var place: UInt { UInt(bitPattern: buffer.bytes.baseAddress) % 4096 }
        for _ in 0..<3 {
            #expect(Self.append(Array(repeating: 1, count: 100 * 1024), to: buffer))
            #expect(place == 256)
            buffer.removeFirst(100 * 1024)
        }
        #expect(Self.append(Array(repeating: 2, count: 300 * 1024), to: buffer))
        #expect(buffer.bytes.allSatisfy { $0 == 2 })
        buffer.removeAll()
        #expect(Self.append([3], to: buffer))
        #expect(buffer.bytes.elementsEqual([3]))
    }

    @Test("that is small costs no budget")
    func freeShare() {
        let budget = ByteBudget(limit: 0)
        let buffer = ByteBuffer(budget: budget)
        #expect(Self.append(Array(repeating: 1, count: 16 * 1024), to: buffer))
        #expect(budget.inUse == 0)
        #expect(!Self.append([1], to: buffer))
        #expect(buffer.count == 16 * 1024)
        #expect(budget.inUse == 0)
    }

    @Test("takes nothing where the budget is used up, and gives its share back with removeAll and at its end")
    func budget() {
        let budget = ByteBudget(limit: 100_000)
        let megabyte = [UInt8](repeating: 1, count: 1 << 20)
        let large = [UInt8](repeating: 2, count: 100_000)
        let first = ByteBuffer(budget: budget)
        #expect(!Self.append(megabyte, to: first))
        #expect(first.isEmpty)
        #expect(budget.inUse == 0)
        #expect(Self.append(large, to: first))
        #expect(budget.inUse == 100_000 - 16 * 1024)
        do {
            let second = ByteBuffer(budget: budget)
            #expect(!Self.append(large, to: second))
            first.removeAll()
            #expect(budget.inUse == 0)
            #expect(Self.append(large, to: second))
            #expect(budget.inUse > 0)
        }
        #expect(budget.inUse == 0)
    }

    @Test("takes the daemon's own text with its count before it, whatever the budget")
    func appendText() {
        let budget = ByteBudget(limit: 0)
        let buffer = ByteBuffer(budget: budget)
        #expect(Self.append(Array(repeating: 1, count: 16 * 1024), to: buffer))
        buffer.appendText("é!")
        buffer.appendText("")
        #expect(buffer.bytes.dropFirst(16 * 1024).elementsEqual([0, 0, 0, 3, 0xC3, 0xA9, 0x21, 0, 0, 0, 0]))
        #expect(budget.inUse > 0)
        buffer.removeAll()
        #expect(budget.inUse == 0)
    }

    @Test("has a count written over, seen from what is its front now")
    func overwrite() {
        let buffer = ByteBuffer(budget: ByteBudget(limit: 0))
        #expect(Self.append([9, 9], to: buffer))
        buffer.append(count: 0)
        buffer.removeFirst(1)
        buffer.overwrite(count: 0x0102_0304, at: 1)
        #expect(buffer.bytes.elementsEqual([9, 1, 2, 3, 4]))
    }

    @Test("lends the room that was reserved, and holds as much as was filled")
    func appendInPlace() {
        let buffer = ByteBuffer(budget: ByteBudget(limit: 0))
        #expect(buffer.reserve(4))
        buffer.appendInPlace(upTo: 4) { room in
            #expect(room.count == 4)
            room.copyBytes(from: [1, 2, 3] as [UInt8])
            return 3
        }
        #expect(buffer.bytes.elementsEqual([1, 2, 3]))
    }
}
