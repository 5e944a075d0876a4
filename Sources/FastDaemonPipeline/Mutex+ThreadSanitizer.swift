#if THREAD_SANITIZER
    import Glibc

    /// Stands in for `Synchronization.Mutex` when the thread sanitizer looks on.
    ///
    /// The standard library's locks with atomics inside a library that the sanitizer does not see into, so that every
    /// access under it is reported as a race. It knows pthread's, which costs twice as much an element.
    ///
    /// `@unchecked Sendable`: the value is touched under the lock alone.
    final class Mutex<Value>: @unchecked Sendable {
        private var value: Value
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

        init(_ value: sending Value) {
            self.value = value
            pthread_mutex_init(lock, nil)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result
        {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value)
        }
    }
#endif
