import Testing

/// The steps of the article `AiterTutorial.md`, against real sockets. The article's code is the code of these files.
@Suite("The tutorial", .timeLimit(.minutes(1)))
struct AiterTutorial {}
