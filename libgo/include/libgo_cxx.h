/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libgo_cxx.h - what libgo.h has of channels with a type, for C++: by templates. For libgo.h only.
 */
#ifndef LIBGO_CXX_H
#define LIBGO_CXX_H

/* Before C++11 the rest of libgo.h can be used, these can't. */
#if __cplusplus >= 201103L

extern "C++" {
template <typename T> T go_any_();

template <typename T, typename V, typename = T> struct go_sendable_ {
	enum { value = 0 };
};

/* Without narrowing, as the language has it. */
template <typename T, typename V> struct go_sendable_<T, V, decltype(T{ go_any_<V>() })> {
	enum { value = 1 };
};

template <typename T, typename V>
go_sendable_<T, V> go_sent_by_(T (*c)(struct go_chan *), V v);

template <typename T> inline struct go_chan *go_plain_(T (*c)(struct go_chan *))
{
	return (struct go_chan *)(uintptr_t)c;
}

template <typename T> inline T *go_place_(T (*)(struct go_chan *), T *p)
{
	return p;
}

template <typename T> inline void *go_source_(T (*)(struct go_chan *), const T *p)
{
	return const_cast<T *>(p);
}
}

GO_UNUSED static inline struct go_case go_case_(enum go_op op, struct go_chan *c, void *p)
{
	struct go_case k;

	k.op = op;
	k.chan = c;
	k.elem = p;
	k.ok = false;
	return k;
}

#define GO_PLAIN_(c)		go_plain_(c)
#define GO_VALUE_(c, v)							\
	static_assert(decltype(go_sent_by_(c, v))::value || __builtin_constant_p(v), \
		      "this is no value of the channel's type");		\
	GO_CHAN_ELEM(c) go_sent_{ v }
#define GO_PLACE_(c, p)		go_place_(c, p)
#define GO_SOURCE_(c, p)	go_source_(c, p)
#define GO_CASE_(what, c, p)	go_case_(what, c, p)

#endif
#endif /* LIBGO_CXX_H */
