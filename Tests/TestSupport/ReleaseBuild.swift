import Foundation
import Synchronization

/// The programs as they are built for release: what is measured of them is not true of the tests' own, which are not optimized.
public enum ReleaseBuild {
    private static let built = Mutex<Set<String>>([])

    /// The path of a program or library, after building it.
    ///
    /// It is built in a folder of its own, and only what has changed since: the forwarder takes a quarter of a minute then, the
    /// daemon one minute and a half.
    ///
    /// - Parameters:
    ///   - file: The name of the file.
    ///   - product: The name of the product, where that is another.
    public static func path(_ file: String, of product: String? = nil) throws -> String {
        let scratch = productsFolder.appending(path: "../../measured").standardized.path
        let product = product ?? file
        try built.withLock { built in
            guard !built.contains(product) else { return }
            // Warnings are looked for where the tests are built: without that, this build is the same from run to run.
            var environment = ProcessInfo.processInfo.environment
            environment["FASTDAEMON_STRICT"] = nil
            let words = ["-c", "release", "--product", product, "--scratch-path", scratch]
            let result = try run(
                "/usr/bin/env", ["swift", "build"] + words + ["--package-path", Compiler.repository],
                environment: environment, seconds: 1200)
            guard result.status == .exited(0) else {
                throw TestFailure("\(product) cannot be built for release:\n\(result.outputText)\(result.errorText)")
            }
            built.insert(product)
        }
        return "\(scratch)/release/\(file)"
    }
}
