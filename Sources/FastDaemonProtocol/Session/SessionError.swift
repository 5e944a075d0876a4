/// A rule of the session protocol that the sender broke.
public enum SessionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The first byte is not that of a session.
    case notASession(UInt8)

    /// A type that is not known and not to be skipped, or that is the other side's.
    case unexpectedType(UInt8)

    /// A known frame where it may not come.
    case outOfPlace(SessionFrameType, Misplacement)

    /// A payload of a length that its type does not have.
    case wrongLength(type: UInt8, Int)

    /// The request is longer than the receiver's limit, in bytes.
    case requestTooLarge(declared: Int, limit: Int)

    /// What a payload holds is not of its form.
    case malformed(SessionFrameType, Malformation)

    /// Input that was not pulled.
    case notPulled

    /// More output than there was credit for, by so many bytes.
    case beyondCredit(Int)

    /// More unused credit than the protocol allows.
    case tooMuchCredit

    /// More INPUTs are owed than the protocol allows.
    case tooManyPulls

    /// The stream ended before the session.
    case endedEarly

    /// The rule, in words.
    public var description: String { text.description }

    /// The rule, in words, for programs without a `String`.
    public var text: ByteText {
        switch self {
        case .notASession(let byte): "a session begins with the byte fd, and this is \(hexadecimal(byte))"
        case .unexpectedType(let type):
            if let known = SessionFrameType(rawValue: type) {
                "\(known.name) is not for this side to send"
            } else {
                "there is no frame of type \(hexadecimal(type))"
            }
        case .outOfPlace(let type, let place): "\(type.name) came \(place.text)"
        case .wrongLength(let type, let count):
            "\(nameOfFrame(type)) cannot have a payload of \(count) bytes"
        case .requestTooLarge(let declared, let limit):
            "the request has at least \(declared) bytes, and the limit is \(limit)"
        case .malformed(let type, let reason): "\(type.name): \(reason.text)"
        case .notPulled: "an INPUT came that was not asked for"
        case .beyondCredit(let count): "output came for which there was no credit: \(count) bytes"
        case .tooMuchCredit: "more than \(SessionFrame.mostCredit) bytes of credit are unused"
        case .tooManyPulls: "more than \(SessionFrame.mostPulls) INPUTs are owed"
        case .endedEarly: "the stream ended before the session"
        }
    }

    /// In what way a frame is where it may not be.
    public enum Misplacement: Equatable, Sendable {
        case beforeRun
        case afterRun
        case twice
        case withoutArguments
        case afterEndOfInput

        fileprivate var text: StaticString {
            switch self {
            case .beforeRun: "before RUN"
            case .afterRun: "after RUN"
            case .twice: "twice"
            case .withoutArguments: "without ARGUMENTS"
            case .afterEndOfInput: "after the end of input"
            }
        }
    }

    /// In what way a payload is not of its form.
    public enum Malformation: Equatable, Sendable {
        case emptyName
        case lastStringNotTerminated
        case notAbsolute
        case zeroByte
        case zero

        fileprivate var text: StaticString {
            switch self {
            case .emptyName: "the name of the command is empty"
            case .lastStringNotTerminated: "the last string has no zero byte after it"
            case .notAbsolute: "the path is not absolute"
            case .zeroByte: "there is a zero byte in it"
            case .zero: "it is zero"
            }
        }
    }
}

/// Two digits.
private func hexadecimal(_ byte: UInt8) -> [UInt8] {
    [digit(byte >> 4), digit(byte & 15)]
}

private func digit(_ number: UInt8) -> UInt8 {
    number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") + number - 10
}

private func nameOfFrame(_ type: UInt8) -> ByteText {
    if let known = SessionFrameType(rawValue: type) {
        "\(known.name)"
    } else {
        "a frame of type \(hexadecimal(type))"
    }
}

extension SessionFrameType {
    /// As the description of the protocol writes it.
    var name: StaticString {
        switch self {
        case .arguments: "ARGUMENTS"
        case .environment: "ENVIRONMENT"
        case .directory: "DIRECTORY"
        case .terminals: "TERMINALS"
        case .timeout: "TIMEOUT"
        case .run: "RUN"
        case .input: "INPUT"
        case .signal: "SIGNAL"
        case .credit: "CREDIT"
        case .pull: "PULL"
        case .output: "OUTPUT"
        case .errors: "ERRORS"
        case .end: "END"
        case .hello: "HELLO"
        }
    }
}
