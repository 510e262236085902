"""Golds that are expressions: other spellings of the same value, and values that are not the same, with drawn numbers.

Each family is (name, gold, right spellings, wrong ones); @a … @d are drawn numbers, 2 to 19 and all different, @s a sum
and @p a product of the first two. What is right here is equal in value and in form: no factored polynomial is asked to
equal an expanded one, no inequality an interval.
"""

from __future__ import annotations

from collections.abc import Sequence

Family = tuple[str, str, Sequence[str], Sequence[str]]

ONE: Sequence[Family] = (
    ("power", "x^2 + @a", ("x^{2} + @a", "x^2+@a", "@a + x^2"), ("x^{3} + @a", "x^2 - @a", "x^2", "@a")),
    ("fraction", r"\frac{@o}{@e}", (r"\cfrac{@o}{@e}", r"{@o \over @e}", "@o/@e"), (r"\cfrac{@e}{@o}", "@o", "@e/@o")),
    ("root", r"@a\sqrt{3}", (r"@a\cdot\sqrt{3}", r"@a\sqrt3"), (r"@a\sqrt{2}", r"\sqrt{3}", "@a", r"@b\sqrt{3}")),
    ("set", r"\{@a,@b\}", (r"\{@a, @b\}", r"\{ @b, @a \}"), (r"\{@a\}", r"\{@a, @c\}", "@a", "(@c, @b)")),
    ("interval", "(@x,@y)", (r"x \in (@x, @y)", r"\left(@x,@y\right)"), ("[@x,@y]", "(@x,@y]", "(@y,@x)", "@x")),
    ("function", "x+@a", ("f(x) = x+@a", "@a+x", "x + @a"), ("x-@a", "f(x) = x", "@a", "x+@b")),
    ("unit", r"@a", (r"@a \, km", r"@a\text{ km}"), (r"@b \, km", r"-@a \, km")),
    ("unicode", r"\frac{1}{2}", ("½", "1/2", "0.5"), ("¼", "2", "1")),
)
TWO: Sequence[Family] = (
    (
        "polynomial",
        "@ax^2 + @bx + @c",
        ("@bx + @ax^2 + @c", r"@a \cdot x^{2} + @b \cdot x + @c", "@c + @bx + @ax^2", "@a*x^2 + @b*x + @c"),
        ("@ax^2 + @bx", "@ax^2 - @bx + @c", "@bx^2 + @ax + @c", "@a", "@ax^3 + @bx + @c"),
    ),
    (
        "negative fraction",
        r"-\frac{@o}{@e}",
        (r"\frac{-@o}{@e}", r"-\dfrac{@o}{@e}", r"\frac{@o}{-@e}", r"-\tfrac{@o}{@e}", "-@o/@e"),
        (r"\frac{@o}{@e}", r"-\frac{@e}{@o}", "-@o", r"-\frac{@o}{@e}x"),
    ),
    (
        "terminating fraction",
        r"\frac{@o}{4}",
        (r"@o \div 4", r"@o\cdot\frac{1}{4}", r"\frac{@o}{4}\text{ units}", "@q"),
        (r"\frac{4}{@o}", "@o", r"\frac{@o}{40}"),
    ),
    (
        "root over number",
        r"\frac{\sqrt{@r}}{@b}",
        (r"\dfrac{\sqrt{@r}}{@b}", r"\sqrt{@r}/@b", r"\frac{1}{@b}\sqrt{@r}", r"\frac{@r^{1/2}}{@b}"),
        (r"\sqrt{\frac{@r}{@b}}", r"\sqrt{@r}", r"\frac{@r}{@b}", r"\frac{\sqrt{@r}}{@c}"),
    ),
    (
        "root",
        r"@a\sqrt{@r}",
        (r"\sqrt{@r} \cdot @a", r"@a \times \sqrt{@r}", r"@a\,\sqrt{@r}", "@a√@r", r"\sqrt{@i}"),
        (r"\sqrt{@r}", r"@a + \sqrt{@r}", r"@a\sqrt[3]{@r}", "@a", r"-@a\sqrt{@r}"),
    ),
    (
        "rationalised",
        r"\frac{\sqrt{@r}}{@r}",
        (r"\frac{1}{\sqrt{@r}}", r"1/\sqrt{@r}"),
        (r"\sqrt{@r}", r"\frac{1}{@r}", r"\frac{1}{\sqrt{@c}}x"),
    ),
    ("pi", r"@a\pi", (r"\pi \cdot @a", r"@a \pi", "@aπ", r"\pi @a"), ("@a", r"\pi", r"@a + \pi", r"@b\pi", r"@a\pi^2")),
    (
        "pair",
        "(@a, @b)",
        (r"\left(@a,\,@b\right)", "(@a,@b)", r"(x,y)=(@a,@b)", r"( @a ,\ @b )"),
        ("(@b, @a)", "(@a, -@b)", "@a", "(@a, @b, @c)", "(@a, @c)"),
    ),
    (
        "half-open interval",
        "[@x, @y)",
        (r"\left[@x, @y\right)", r"[@x,\,@y)", r"x \in [@x, @y)"),
        ("(@x, @y)", "[@x, @y]", "(@x, @y]", "@x"),
    ),
    ("unbounded", r"(@a, \infty)", (r"(@a, +\infty)", r"\left(@a,\infty\right)"), (r"[@a, \infty)", r"(-\infty, @a)")),
    ("union", r"(-\infty, @x) \cup (@y, \infty)", (r"(-\infty,@x)\cup(@y,\infty)",), (r"(-\infty, @x)", r"(@x, @y)")),
    (
        "solutions",
        "@a, @b",
        (r"@b, @a", r"@a \text{ and } @b", r"@a,\, @b", r"@a\text{ or }@b"),
        ("@a", "@b", "@a, @c", "@a, @b, @c", "-@a, @b"),
    ),
    ("plus or minus", r"\pm @a", (r"@a, -@a", r"\pm{@a}", r"-@a, @a"), ("@a", "-@a", r"\pm @b", r"@a \pm 1")),
    ("complex", "@a + @bi", ("@bi + @a", r"@a+@b\,i", r"@a + @b \cdot i"), ("@a - @bi", "@a", "@bi", "@b + @ai")),
    (
        "matrix",
        r"\begin{pmatrix} @a & @b \\ @c & @d \end{pmatrix}",
        (r"\begin{pmatrix}@a&@b\\@c&@d\end{pmatrix}", r"\begin{bmatrix} @a & @b \\ @c & @d \end{bmatrix}"),
        (r"\begin{pmatrix} @a & @b \\ @d & @c \end{pmatrix}", "@a", r"\begin{pmatrix} @a \\ @b \end{pmatrix}"),
    ),
    ("degrees", r"@a^\circ", (r"@a^{\circ}", "@a°", r"@a \text{ degrees}", "@a"), (r"@b^\circ", r"-@a^\circ")),
    ("base", "@u_2", ("@u_{2}", r"@u_{\text{two}}"), ("@u_3", "@v_2")),
    ("choice", r"\text{(C)}", ("C", "(C)", r"\text{C}", r"\textbf{(C)}"), ("D", r"\text{(B)}", "3")),
    ("word", r"\text{odd}", (r"odd", r"\mathrm{odd}", r"\text{ odd }"), ("even", r"\text{neither}", "1")),
    ("power of a number", "2^{@a}", ("2^@g", r"2^{ @a }", "@t"), ("@a", "2^{@b}", "2@a")),
    ("factorial", "120", ("5!", r"5 \cdot 4!"), ("5", "6!", "24")),
    ("binomial", "10", (r"\binom{5}{2}", r"\frac{5!}{2!3!}"), ("5", r"\binom{5}{1}", r"\binom{6}{2}")),
    ("mixed number", r"\frac{@m}{2}", (r"@a\frac{1}{2}", "@a.5", r"@a \tfrac12"), ("@a", r"@b\frac{1}{2}")),
    ("inequality", "x > @a", ("@a < x", r"x>@a", r"x \gt @a"), (r"x \ge @a", "x < @a", "@a", "x > @b")),
    ("line", "y = @ax + @b", ("y=@b+@ax", "@ax + @b = y"), ("y = @bx + @a", "@a", "y = @ax - @b", "y = @ax")),
    ("ratio", "@o:@e", (r"@o : @e", r"@o\text{ to }@e"), ("@e:@o", "@o", "@o:@c@c")),
    ("money", r"\$@a", (r"\$@a.00", r"@a\text{ dollars}", "@a"), (r"\$@b", r"\$0.@d@d")),
    ("thousands", "10000", (r"10{,}000", "10,000", "10^4", r"10\,000"), ("10", "1,000", "10^5", "100000")),
    ("logarithm", r"\ln @a", (r"\log_e @a", r"\ln(@a)", r"\ln{@a}"), ("@a", r"\ln @b", r"\log_2 @a")),
    ("variables", "@ax + @by", ("@by + @ax", r"@a x + @b y"), ("@ax - @by", "@bx + @ay", "@a", "@ax")),
    ("product", "@aab", (r"@a \cdot a \cdot b", "@aba"), ("@aa", "@ba", "@a")),
    ("quotient", r"\frac{x}{@a}", ("x/@a", r"\frac{1}{@a}x", r"\dfrac{x}{@a}"), ("x", r"\frac{@a}{x}", "@ax", "@a")),
)
